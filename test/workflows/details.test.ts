import { describe, expect, it } from 'vitest';
import type { Run, RunStage, StageProgress } from '../../domain/index.ts';
import { formatDuration, renderDetails } from '../../workflows/details.ts';

const startedAt = '2026-01-01T00:00:00.000Z';
const nowMs = Date.parse('2026-01-01T00:01:05.000Z');

function runWith(stage: Partial<RunStage>): Run {
  return {
    schema: 'reprise.run/v1',
    run: 'addition-1-aaaaaaaa',
    workflowId: 'addition-1',
    name: 'addition',
    track: 'cpu',
    source: { digest: '', origin: '' },
    status: 'running',
    stages: [{ name: 'train', status: 'running', startedAt, endedAt: null, cached: false, outcome: null, ...stage }],
    uiUrl: '',
  };
}

function progressOf(progress: Partial<StageProgress>): Map<StageProgress['stage'], StageProgress> {
  return new Map([['train', { stage: 'train', message: 'of the budget', at: startedAt, ...progress }]]);
}

describe('the details of a run', () => {
  it('show how long a running stage takes and what it says', () => {
    expect(renderDetails(runWith({}), progressOf({ done: 412, total: 600, message: 'answered' }), nowMs)).toContain(
      '| ▶ | train | 1\u00A0min\u00A05\u00A0s | 412/600 answered |',
    );
  });

  it('keep markup of a submission out of the table and the code block', () => {
    const text = renderDetails(runWith({ status: 'failed', endedAt: startedAt, detail: 'a|b <img> [x](y)\n# big' }), new Map(), nowMs);
    expect(text).toContain(String.raw`a\|b \<img\> \[x\](y) # big`);
    const line = renderDetails(runWith({}), progressOf({ lastLogLine: 'x ``` y' }), nowMs);
    expect(line).toContain("```\nx ''' y\n```");
  });

  it('count what a running stage says that it has cost', () => {
    const cost = { wallMs: 60_000, queuedMs: 2_000, storedBytes: 1024 ** 2, movedBytes: 0, gpuSeconds: 58, cpuSeconds: 3 };
    expect(renderDetails(runWith({}), progressOf({ cost }), nowMs)).toContain('Used: GPU 58.0 s · CPU 3.0 s · stored 1.0 MiB');
    expect(renderDetails(runWith({ status: 'cancelled', endedAt: startedAt, cost }), progressOf({ cost }), nowMs)).toContain('Used: GPU 58.0 s · ');
  });

  it('say why a stage failed and what to do next', () => {
    const outcome = { status: 'failed', code: 'TRAIN_EXIT', fault: 'submission', message: 'exit code 1', nextStep: 'Read the log.' } as const;
    expect(renderDetails(runWith({ status: 'failed', outcome }), new Map(), nowMs)).toContain('**train: TRAIN_EXIT** (submission)\n\nexit code 1\n\nNext: Read the log.');
  });
});

it.each([
  [-5, '0 ms'],
  [999, '999 ms'],
  [9_300, '9.3 s'],
  [245_000, '4 min 5 s'],
  [86_340_000, '23 h 59 min'],
])('%d ms reads %s', (milliseconds, text) => {
  expect(formatDuration(milliseconds)).toBe(text);
});
