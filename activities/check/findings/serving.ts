import type { CheckFinding } from '../../../domain/index.ts';
import type { ShellCommand } from '../../pin/shell.ts';
import type { Started } from '../started.ts';
import { fetchesUnknown, finding, type Checked } from './finding.ts';

const frameworks = /\b(FastAPI|Flask|APIRouter|Starlette|BaseHTTPRequestHandler|aiohttp|tornado|bottle|falcon|sanic)\b/;
const defaultPorts: Record<string, number> = { uvicorn: 8000, gunicorn: 8000, hypercorn: 8000, daphne: 8000, flask: 5000, fastapi: 8000 };

/** What a serving image must do: answer two endpoints at the port. Certain only where all of its code is here. */
export function servingFindings(checked: Checked): CheckFinding[] {
  const { role, started } = checked;
  if (role !== 'serve' || !started) return [];
  return [...(checked.api === 'contest' ? endpoints(checked, started) : []), ...port(checked, started)];
}

function endpoints(checked: Checked, started: Started): CheckFinding[] {
  const texts = [...started.python.values()].map((file) => file.text);
  if (texts.length === 0) return [];
  const everything = texts.join('\n');
  const missing = ['process', 'tokenize'].filter((name) => !new RegExp(`["'\`]/?${name}/?["'\`]`).test(everything));
  // A program that is not here, or routes that are built from pieces, may serve them.
  const certain =
    frameworks.test(everything) &&
    !/\b(include_router|add_api_route|add_url_rule|register_blueprint|\.mount)\b/.test(everything) &&
    !fetchesUnknown(checked);
  return missing.map((name) =>
    finding(
      'ENDPOINT_MISSING',
      certain ? 'error' : 'warning',
      started.line,
      `none of the ${texts.length} Python files that the image starts names /${name}${certain ? '' : '; it may come from code that is not here'}`,
    ),
  );
}

function port(checked: Checked, started: Started): CheckFinding[] {
  const ports = started.commands.flatMap((command) => commandPort(command, started) ?? []);
  // A program that is started beside a server listens too.
  const beside = started.commands.some(({ name, words }) => /^python[\d.]*$/.test(name) && words.find(({ value }) => !value.startsWith('-'))?.value.endsWith('.py'));
  const found = ports.length === 0 ? codePorts(started) : [...ports, ...(beside ? codePorts(started) : [])];
  if (found.length === 0 || found.some((each) => each.port === checked.port)) return [];
  const [first] = found;
  return first
    ? [finding('PORT_NOT_80', first.certain ? 'error' : 'warning', first.line, `${first.what} listens on port ${first.port}, not on ${checked.port}`)]
    : [];
}

interface Listening {
  port: number;
  certain: boolean;
  line: number;
  what: string;
}

function commandPort(command: ShellCommand, started: Started): Listening[] | undefined {
  const words = command.words.map((word) => word.value);
  const name = command.name.startsWith('python') && words[0] === '-m' ? (words[1] ?? '') : command.name;
  const given = words.flatMap((word, index) => {
    const inline = /^(?:--port|--bind|-b|--listen)=(\S+)$/.exec(word)?.[1];
    if (inline !== undefined) return [inline];
    return /^(--port|-p|--bind|-b|--listen)$/.test(word) ? [words[index + 1] ?? ''] : [];
  })[0];
  if (given !== undefined) {
    const parsed = /(?:^|:)(\d{1,5})$/.exec(given)?.[1];
    // A value that shows only when it runs says nothing here.
    return parsed === undefined ? [] : [{ port: Number(parsed), certain: name in defaultPorts, line: command.line, what: name }];
  }
  const byDefault = defaultPorts[name];
  if (byDefault === undefined) return undefined;
  const set = ['UVICORN_PORT', 'PORT', 'FLASK_RUN_PORT', 'GUNICORN_CMD_ARGS'].some((each) => started.scope.lookup(each) !== undefined);
  if (set || words.some((word) => /^(-c|--config|--fd|--uds)/.test(word))) return [];
  return [{ port: byDefault, certain: true, line: command.line, what: `${name} without a port` }];
}

function codePorts(started: Started): Listening[] {
  return [...started.python]
    .filter(([, file]) => file.entry)
    .flatMap(([path, file]) => {
      const calls = [...file.text.matchAll(/\b(uvicorn\.run|app\.run|serve|run_simple|HTTPServer|run_app)\s*\(([^()]*(?:\([^()]*\)[^()]*)*)\)/g)];
      return calls.flatMap((call): Listening[] => {
        const given = /\bport\s*=\s*(\d{2,5})\b/.exec(call[2] ?? '')?.[1] ?? /^\s*\(\s*["'][^"']*["']\s*,\s*(\d{2,5})\s*\)/.exec(call[2] ?? '')?.[1];
        const byDefault = call[1] === 'uvicorn.run' ? 8000 : undefined;
        if (given !== undefined) return [{ port: Number(given), certain: false, line: started.line, what: `${path} (${call[1] ?? ''})` }];
        return byDefault === undefined || /\bport\s*=|\*\*/.test(call[2] ?? '')
          ? []
          : [{ port: byDefault, certain: false, line: started.line, what: `${path} (${call[1] ?? ''} without a port)` }];
      });
    });
}
