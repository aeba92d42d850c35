/**
 * `node bench/evaluate-stage.ts STORE SUITE URL`: the evaluate stage of one run as a process of its own, over a store that is a
 * directory, of the server at URL. Prints one line of JSON: `first` when the first answer is durable, the result at the end.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { evaluate } from '../activities/evaluate/evaluation.ts';
import { createDirectoryStore } from '../activities/io/directory.ts';

const { positionals } = parseArgs({ allowPositionals: true });
const [directory = '', suite = '', baseUrl = ''] = positionals;
let servedAtMs: number | undefined;
let firstAnswerMs: number | undefined;

const dependencies = { store: createDirectoryStore(directory), settings: { suiteKeyFile: join(directory, 'suite.key'), scratchDirectory: join(directory, 'scratch') } };
const image = { role: 'serve', id: 'sha256:bench', sizeBytes: 1 } as const;
const submission = { port: 80, track: 'cpu' };
const input = { run: 'bench', workflowId: 'bench', fresh: false, stage: 'open', suite, image, submission } as unknown as Parameters<typeof evaluate>[1];
const context = {
  stage: 'evaluate-open' as const,
  run: 'bench',
  workflowId: 'bench',
  attempt: 1,
  signal: new AbortController().signal,
  cancelled: () => false,
  report: ({ done = 0 }: { done?: number }) => {
    if (done > 0 && servedAtMs !== undefined) firstAnswerMs ??= Math.round(performance.now() - servedAtMs);
  },
};
const startedAtMs = performance.now();
const { result } = await evaluate(dependencies as unknown as Parameters<typeof evaluate>[0], input, context, () => (use) => {
  servedAtMs = performance.now();
  return use({ baseUrl, startedAt: new Date().toISOString(), alive: async () => true });
});
const wallMs = Math.round(performance.now() - startedAtMs);
const { answers, counts, latencyMs } = result;
console.log(JSON.stringify({ answers, counts, latencyMs, wallMs, firstAnswerMs, peakMemoryBytes: process.resourceUsage().maxRSS * 1_024 }));
