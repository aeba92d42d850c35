import { z } from 'zod';
import { SuiteDefinition } from '../../activities/suite/definition.ts';
import { checkCodes, failures, limits, PinReport, Question, ReproductionRequest, SuiteDescription } from '../../domain/index.ts';
import { policies } from '../../workflows/policy.ts';
import { Config, readConfig, variableOf } from '../config.ts';

/** Markdown tables made of the code's own tables, so that the documentation cannot say something else. */
export function failureTable(): string {
  const rows = Object.entries(failures).map(([code, { fault, retryable, nextStep }]) => [`\`${code}\``, fault, retryable ? 'yes' : 'no', nextStep]);
  return table(['code', 'fault', 'retried', 'next step'], rows);
}

export function checkTable(): string {
  return table(['finding', 'next step'], Object.entries(checkCodes).map(([code, nextStep]) => [`\`${code}\``, nextStep]));
}

/** Every setting with its variable and default; what depends on the machine (home, cache, the host's CA bundle) is not shown. */
export function configurationTable(): string {
  const defaults = readConfig({ REPRISE_HOME: '/HOME', XDG_CACHE_HOME: '/CACHE', REPRISE_HOST: 'HOSTNAME' });
  const rows = Object.entries(Config.shape).map(([field, schema]) => {
    const value = defaults[field as keyof Config];
    const text = field === 'home' ? '`.reprise` of a checkout, else `~/.reprise`' : value === undefined || hostDependent.has(field) ? '' : typeof value === 'object' ? '' : String(value);
    return [`\`${variableOf(field)}\``, schema.description ?? '', text.replaceAll('/HOME', '$REPRISE_HOME').replaceAll('/CACHE', '~/.cache')];
  });
  return table(['variable', 'what', 'default'], rows);
}

const hostDependent = new Set(['caBundle', 'pipIndexUrl', 'npmRegistryUrl']);

export function limitTable(): string {
  return table(['limit', 'value'], Object.entries(limits).map(([name, value]) => [`\`${name}\``, String(value)]));
}

export function policyTable(): string {
  const rows = Object.entries(policies).map(([name, { startToCloseTimeout, heartbeatTimeout, retry }]) => [
    `\`${name}\``,
    String(startToCloseTimeout),
    heartbeatTimeout === undefined ? 'none' : String(heartbeatTimeout),
    `${retry.maximumAttempts} attempts, ${retry.initialInterval} to ${retry.maximumInterval}`,
  ]);
  return table(['activity', 'start to close', 'heartbeat', 'retries of platform faults'], rows);
}

export function requestSchema(): string {
  const schema = z.toJSONSchema(ReproductionRequest, { io: 'input' });
  return `\`\`\`json\n${JSON.stringify(schema, null, 2)}\n\`\`\``;
}

export function pinReportSchema(): string {
  return `\`\`\`json\n${JSON.stringify(z.toJSONSchema(PinReport), null, 2)}\n\`\`\``;
}

/** The question of a suite, and the definition that a suite is built from. */
export function suiteSchemas(): string {
  const schemas = { question: Question, definition: SuiteDefinition, description: SuiteDescription };
  const print = ([name, schema]: [string, z.ZodType]): string => `### ${name}\n\n\`\`\`json\n${JSON.stringify(z.toJSONSchema(schema, { io: 'input' }), null, 2)}\n\`\`\``;
  return Object.entries(schemas).map(print).join('\n\n');
}

function table(header: string[], rows: string[][]): string {
  const line = (cells: string[]): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
