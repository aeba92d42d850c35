import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { AnswerJournal } from '../../../activities/evaluate/journal.ts';
import { maskedJournal, reportOfAnswers } from '../../../activities/evaluate/masked-journal.ts';
import type { Answer, SuiteStage } from '../../../domain/index.ts';
import { fakes } from '../scan/examples.ts';

const fingerprintKeyFile = join(mkdtempSync(join(tmpdir(), 'reprise-answers-')), 'fingerprint.key');
writeFileSync(fingerprintKeyFile, '11'.repeat(32));
const value = 'p"ä/ss+w0rd&of the operator=';
const token = fakes.huggingFace();

/** What a journal is given to store of these texts. */
async function stored(stage: SuiteStage, texts: string[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  const journal = { append: async (answer: Answer) => void answers.push(answer) } as unknown as AnswerJournal;
  const masked = maskedJournal(journal, { fingerprintKeyFile, exposedSecrets: [{ name: 'TEAM_KEY', value }] }, stage);
  for (const [index, text] of texts.entries()) await masked.append({ status: 'answered', id: `question-${index}`, text, latencyMs: 1, attempts: 1 });
  return answers;
}

function textsOf(answers: Answer[]): string[] {
  return answers.map((answer) => (answer.status === 'answered' ? answer.text : ''));
}

describe('answers', () => {
  it('are stored without secrets, and as they are where they have none', async () => {
    const texts = ['naïve 42', `so ${value}.`, `${Buffer.from(value).toString('base64')} in base64`, `token ${token}`];
    expect(textsOf(await stored('open', texts))).toEqual(['naïve 42', 'so [redacted:TEAM_KEY].', expect.stringMatching(/^.{0,3}\[redacted:TEAM_KEY\].{0,4} in base64$/), 'token [redacted:hugging-face-token]']);
  });

  it('that only may hold one are not changed: their score would be', async () => {
    const texts = ['password = "correct horse battery"', 'api_key: hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx'];
    expect(textsOf(await stored('open', texts))).toEqual(texts);
  });

  it('of the open stage are findings with their question, block publication, and hold no value', async () => {
    const report = reportOfAnswers('open', await stored('open', ['42', `a ${value}`, `b ${token}`]));
    expect(report).toMatchObject({ complete: true, scanned: { files: 3 }, findings: [{ rule: 'given-secret', severity: 'block', path: 'answers/open.jsonl', within: ['question-1'], offset: 2 }, { severity: 'block', within: ['question-2'] }] });
    for (const secret of [JSON.stringify(value).slice(1, -1), token]) expect(JSON.stringify(report)).not.toContain(secret);
  });

  it('of the closed stage say one thing only, however many a server gives away', async () => {
    const reports = await Promise.all([[`a ${value}`, '42'], [value, `b ${value} ${value}`]].map(async (texts) => reportOfAnswers('closed', await stored('closed', texts))));
    expect(reports[0]).toEqual(reports[1]);
    expect(reports[0]?.findings).toEqual([expect.objectContaining({ severity: 'block', offset: 0, length: 1, path: 'answers/closed.jsonl' })]);
    expect(JSON.stringify(reports)).not.toContain('question-');
  });
});
