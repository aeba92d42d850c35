import { join } from 'node:path';
import { Command } from 'commander';
import { createDirectoryStore } from '../../activities/io/directory.ts';
import { judgeByRubric, judgePairs } from '../../activities/judge/judge.ts';
import { parseJudgeDefinition, parseJudgeItems } from '../../activities/judge/read.ts';
import type { Judge } from '../../domain/analysis/index.ts';
import { readConfig, readSecrets } from '../../infra/config.ts';
import { readText } from '../input.ts';
import { renderJudgement } from '../render-judgement.ts';
import { print, printJson } from '../terminal.ts';

export function judgeCommand(): Command {
  return new Command('judge')
    .description('what judge models say of open answers, by a rubric or in pairs; never part of a ranking by itself')
    .argument('<judges>', 'YAML: judges [{name, baseUrl, model, secret?, price?}], rubric?, scale?, costCap?, maxTokens?')
    .argument('<items>', 'lines {id, prompt, answer, reference?} or {id, prompt, first, second, reference?}')
    .option('--json', 'print reprise.judgement/v1')
    .addHelpText('after', '\nExample:\n  REPRISE_SECRET_JUDGE=… reprise judge judges.yaml answers.jsonl')
    .action(async (definitionPath: string, itemsPath: string, { json }: { json?: true }) => {
      const definition = parseJudgeDefinition(await readText(definitionPath), definitionPath);
      const items = parseJudgeItems(await readText(itemsPath), itemsPath);
      const secrets = readSecrets();
      const store = createDirectoryStore(join(readConfig().cache, 'judgements'));
      const dependencies = { store, secretOf: ({ secret }: Judge) => (secret === undefined ? undefined : secrets[secret]) };
      const judgement = items.mode === 'rubric' ? await judgeByRubric(dependencies, definition, items.items) : await judgePairs(dependencies, definition, items.items);
      if (json) printJson(judgement);
      else print(renderJudgement(judgement));
    });
}
