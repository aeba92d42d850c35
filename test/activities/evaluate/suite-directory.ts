import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Writes a suite whose questions ask "What is <id>?" and want the id. */
export async function writeSuite(directory: string, stages: Record<string, Record<string, string[]>>): Promise<void> {
  for (const [stage, scenarios] of Object.entries(stages)) {
    await mkdir(join(directory, stage), { recursive: true });
    for (const [scenario, ids] of Object.entries(scenarios)) {
      const lines = ids.map((id) => JSON.stringify({ id, prompt: `What is ${id}?`, references: [id], metrics: ['exact_match'] }));
      await writeFile(join(directory, stage, `${scenario}.jsonl`), `${lines.join('\n')}\n`);
    }
  }
}
