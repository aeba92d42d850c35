import { createDecipheriv, hkdfSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Finding } from '../summary.ts';
import type { Submitted } from '../workload.ts';
import { questionsPerStage, type World } from '../world.ts';
import { linesOf } from './lines.ts';
import { finalState } from './model.ts';

interface Answer {
  id: string;
  status: string;
  text?: string;
}

/** Exactly one answer a question, each what a model of all steps says, and the score that follows. Resolves to how many there are. */
export async function checkAnswers(world: World, { run, result }: Submitted, findings: Finding[]): Promise<number> {
  const manifest = JSON.parse(await readFile(join(world.objects, 'runs', run, 'manifest.json'), 'utf8')) as { artifacts: { path: string; key: string }[] };
  const score = { open: 0, closed: 0 };
  let count = 0;
  for (const [index, stage] of (['open', 'closed'] as const).entries()) {
    const artifact = manifest.artifacts.find(({ path }) => path === `answers/${stage}.jsonl`);
    const bytes = artifact ? await readFile(join(world.objects, artifact.key)) : Buffer.alloc(0);
    const answers = linesOf(stage === 'open' ? bytes : await unsealed(world, bytes)).map((line) => JSON.parse(line) as Answer);
    count += answers.length;
    const seen = new Map<string, number>();
    for (const { id } of answers) seen.set(id, (seen.get(id) ?? 0) + 1);
    for (let number = index * questionsPerStage; number < (index + 1) * questionsPerStage; number += 1) {
      const times = seen.get(`${stage}-${number}`) ?? 0;
      const answer = answers.find(({ id }) => id === `${stage}-${number}`);
      if (times === 0) findings.push({ kind: 'lost', of: run, message: `question ${stage}-${number} has no result` });
      if (times > 1) findings.push({ kind: 'doubled', of: run, message: `question ${stage}-${number} has ${times} results` });
      if (times > 0 && answer?.text !== expected(number)) findings.push({ kind: 'wrong', of: run, message: `question ${stage}-${number}: ${JSON.stringify(answer)}` });
      if (expected(number) === String(number)) score[stage] += 1 / questionsPerStage;
    }
  }
  for (const stage of ['open', 'closed'] as const) {
    const told = result?.score?.[stage];
    if (typeof told !== 'number' || Math.abs(told - score[stage]) > 1e-9) findings.push({ kind: 'wrong', of: run, message: `the ${stage} score is ${told} and not ${score[stage]}` });
  }
  return count;
}

/** As serve.pl has it. */
function expected(number: number): string {
  return (finalState() + number * 7_919) % 10 < 7 ? String(number) : 'unknown';
}

/** The documented layout: four bytes, a nonce of 12, AES-256-GCM, a tag of 16. */
async function unsealed({ config }: World, bytes: Buffer): Promise<Buffer> {
  const main = Buffer.from((await readFile(config.suiteKeyFile, 'utf8')).trim(), 'hex');
  const key = Buffer.from(hkdfSync('sha256', main, '', 'reprise suite encryption', 32));
  const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(4, 16)).setAAD(bytes.subarray(0, 4)).setAuthTag(bytes.subarray(-16));
  return Buffer.concat([decipher.update(bytes.subarray(16, -16)), decipher.final()]);
}
