import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diagnoseRun } from '../../../activities/report/diagnose.ts';
import { withSpool } from '../../../activities/io/spool.ts';
import { collectResults } from '../../../activities/report/collect.ts';
import type { Audience } from '../../../activities/report/diagnosis.ts';
import { jsonText } from '../../../cli/json-text.ts';
import { renderDiagnosis } from '../../../cli/render-diagnosis.ts';
import { renderRun, renderStages } from '../../../cli/render.ts';
import { renderDetails } from '../../../workflows/details.ts';
import { type Handler, reply } from '../evaluate/answer-server.ts';
import { type EvaluatedRun, evaluatedRun, type TestQuestion } from './evaluated-run.ts';

const open = { sums: [{ id: 'open-1', prompt: 'What is 1 + 1?', references: ['2'] }] };
/** Two closed suites of one shape that have no word in common. */
const first: TestQuestion[] = Array.from({ length: 20 }, (_, index) => ({
  id: `zanzibar-${index}`,
  prompt: `Which spice merchant of Zanzibar carried cinnamon parcel number ${index} across the harbour?`,
  references: [`Yusuf bin Alawi ${index}`],
}));
const second: TestQuestion[] = Array.from({ length: 20 }, (_, index) => ({
  id: `glacier-${index}`,
  prompt: `How thick was ice core ${index} when geologists drilled beneath Vatnajokull?`,
  references: [`Approximately ${index}00 metres`],
}));

/** Tells everything it hears wherever it can: answer, error, log, header, and as base64, hexadecimal and reversed. */
const gossip: Handler = ({ prompt }, response, count) => {
  response.setHeader('x-question', encodeURIComponent(prompt));
  if (count % 5 === 4) return void response.writeHead(500).end(prompt);
  const spread = [prompt, Buffer.from(prompt).toString('base64'), Buffer.from(prompt).toString('hex'), prompt.split('').toReversed().join('')];
  return reply(response, spread.join('\n'));
};

/** Says nothing wrong, but takes its time, counts its tokens and states its confidence as the question says. */
const whisper: Handler = async ({ prompt }, response) => {
  const code = prompt.charCodeAt(10) % 50;
  await sleep(code);
  const tokens = Array.from({ length: code }, () => ({ text: 'x', logprob: -code }));
  response.end(JSON.stringify({ text: 'one text for all', tokens, logprob: -code / 7, request_time: 0.001 }));
};

/** Everything that is shown to a submitter, or lies where one could read it. */
async function shown(run: EvaluatedRun): Promise<Record<string, string>> {
  const diagnosis = await diagnosed(run, 'submitter');
  const table = await collectResults([run], { withoutClosedItems: true });
  const stored = [...run.store.objects].map(([key, bytes]) => `${key} ${Buffer.from(bytes).toString('latin1')}`);
  return {
    status: JSON.stringify(run.state),
    terminal: [...renderStages(run.state), renderRun(run.state)].join('\n'),
    ui: renderDetails(run.state, new Map(), 0),
    temporal: run.closedResult,
    heartbeats: JSON.stringify(run.said),
    logs: run.state.stages.map(({ outcome }) => Buffer.from(run.store.objects.get(outcome?.logKey ?? '') ?? []).toString('latin1')).join('\n'),
    scores: JSON.stringify(run.scores),
    results: JSON.stringify(table.results),
    diagnosis,
    store: stored.join('\n'),
  };
}

function diagnosed(run: EvaluatedRun, audience: Audience): Promise<string> {
  return withSpool(directory, async (spool) => {
    const diagnosis = await diagnoseRun(run, audience, spool);
    return [...jsonText(diagnosis, String)].join('') + renderDiagnosis(diagnosis);
  });
}

let directory: string;
let runs: EvaluatedRun[];
let views: Record<string, string>[];
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reprise-leak-'));
  runs = [await evaluatedRun(directory, 'entry-0000', { open, closed: { hidden: first } }, gossip), await evaluatedRun(directory, 'entry-0000', { open, closed: { hidden: second } }, gossip)];
  views = await Promise.all(runs.map(shown));
}, 60_000);
afterAll(() => rm(directory, { recursive: true }));

describe('from everything that a submitter is shown', () => {
  test('no closed question, answer or id is found again, in plain or encoded', () => {
    for (const [place, text] of Object.entries(views[0] ?? {})) {
      for (const fragment of fragmentsOf(first)) {
        for (const spelling of spellingsOf(fragment)) expect(text.includes(spelling), `${place} holds "${fragment}"`).toBe(false);
      }
    }
  });

  test('what is packed or encoded in it unpacks to no question either', () => {
    const text = Object.values(views[0] ?? {}).join('\n');
    const unpacked = [...text.matchAll(/[A-Za-z0-9+/_-]{16,}={0,2}/g)].flatMap(([run]) => [Buffer.from(run, 'base64'), Buffer.from(run, 'hex')]).map(plainest);
    for (const fragment of fragmentsOf(first)) expect(unpacked.some((bytes) => bytes.includes(fragment))).toBe(false);
  });

  test('two suites cannot be told apart by more than hashes, sizes and the clock', () => {
    const [one, other] = views.map((view) => Object.entries(view).filter(([place]) => place !== 'store' && place !== 'logs').map(([place, text]) => `${place} ${withoutHashesAndClock(text)}`));
    expect(other).toEqual(one);
  });

  test('a server that spells the questions by its time, its tokens and its confidence is not understood', async () => {
    const runsOf = (hidden: TestQuestion[]): Promise<EvaluatedRun> => evaluatedRun(directory, 'entry-0001', { open, closed: { hidden } }, whisper);
    const [one = {}, other = {}] = await Promise.all([await runsOf(first), await runsOf(second)].map(shown));
    expect(withoutHashes(one['temporal'] ?? '')).toBe(withoutHashes(other['temporal'] ?? ''));
    for (const place of ['status', 'terminal', 'ui', 'scores', 'results', 'diagnosis']) expect(withoutHashesAndClock(one[place] ?? ''), place).toBe(withoutHashesAndClock(other[place] ?? ''));
  });

  test('while the organiser finds all of it', async () => {
    const text = await diagnosed(runs[0] as EvaluatedRun, 'organiser');
    for (const { id, prompt, references } of first) for (const part of [id, prompt, ...references]) expect(text).toContain(part);
  });
});

/** Runs of words and of characters that would let a reader guess a question. */
function fragmentsOf(questions: readonly TestQuestion[]): string[] {
  const texts = questions.flatMap(({ id, prompt, references }) => [id, prompt, ...references]);
  const words = texts.flatMap((text) => text.split(/\W+/).filter((word) => word.length >= 7));
  return [...new Set([...texts, ...words])];
}

function spellingsOf(text: string): string[] {
  const bytes = Buffer.from(text);
  // Base64 of text within a text depends on where it begins; its inner characters do not.
  const base64 = [0, 1, 2].map((shift) => Buffer.concat([Buffer.alloc(shift), bytes]).toString('base64').slice(shift === 0 ? 0 : 4, -4)).filter((each) => each.length >= 8);
  return [text, text.toLowerCase(), text.toUpperCase(), text.split('').toReversed().join(''), bytes.toString('hex'), encodeURIComponent(text), ...base64];
}

function plainest(bytes: Buffer): Buffer {
  try {
    return gunzipSync(bytes);
  } catch {
    return bytes;
  }
}

/** Sizes of sealed objects are those of what was answered. */
function withoutHashes(text: string): string {
  return text.replaceAll(/[0-9a-f]{64}/g, '<hash>').replaceAll(/cas\/sha256\/[0-9a-f]{2}/g, 'cas').replaceAll(/"sizeBytes":\d+/g, '<size>');
}

function withoutHashesAndClock(text: string): string {
  return withoutHashes(text)
    .replaceAll(/"(?:latencyMs|belowMs|share|tokensPerSecond|firstAnswerMs)":[^,}\]]*/g, '<clock>')
    .replaceAll(/latency: .*/g, '<clock>')
    .replaceAll(/[\d.]+ tokens a second/g, '<clock>');
}
