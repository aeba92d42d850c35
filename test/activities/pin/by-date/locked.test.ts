import { describe, expect, it } from 'vitest';
import { lockImage } from '../../../../activities/pin/by-date/locked.ts';
import { createBuildRecorder } from '../../../../activities/pin/by-date/recorder.ts';
import type { IndexEvent } from '../../../../activities/pin/by-date/serve-index.ts';
import type { PinReport } from '../../../../domain/index.ts';
import { memoryStore } from '../../../fakes/memory-store.ts';

const before = '2023-10-26T00:00:00.000Z';
type Image = PinReport['images'][number];

function served(name: string, version: string, more: Partial<Extract<IndexEvent, { kind: 'file' }>> = {}): IndexEvent {
  const filename = `${name}-${version}-py3-none-any.whl`;
  return { kind: 'file', project: name, version, sha256: 'a'.repeat(64), sizeBytes: 7, doubts: [], newerYanked: [], file: { filename, url: '', hashes: {}, uploadedAt: '2023-01-01T00:00:00Z' }, ...more };
}

function report(specs: string[] = [], more: Partial<Image> = {}): Image {
  return { role: 'serve', dockerfile: 'Dockerfile', bases: [], leftBehind: [], inputs: specs.map((spec) => ({ kind: 'pip', spec, line: 2, verdict: 'by-date' })), ...more };
}

/** A build of one RUN, which prints `output`. */
function built(events: IndexEvent[], output = ''): ReturnType<typeof createBuildRecorder> {
  const recorder = createBuildRecorder();
  recorder.onStep({ number: 1, text: 'FROM base' });
  recorder.onStep({ number: 2, text: 'RUN pip install tool' });
  for (const event of events) recorder.onEvent(event);
  recorder.onOutput(`${output}\n ---> 0123456789ab\n`);
  return recorder;
}

function lock(recorder: ReturnType<typeof createBuildRecorder>, image: Image = report(['tool']), store = memoryStore()) {
  return lockImage(store, { role: 'serve', dockerfile: 'Dockerfile', before, steps: recorder.steps(), lineOf: (step) => step, report: image });
}

describe('a lock', () => {
  it('tells what was installed from what was only looked at', async () => {
    const { fidelity, steps } = await lock(built([served('tool', '2.0'), served('tool', '1.0'), served('helper', '3')], 'Successfully installed Helper-3.0 tool-1.0'));
    expect(fidelity).toBe('faithful');
    expect(steps[0]?.packages.map(({ name, version, installed }) => [name, version, installed])).toEqual([['helper', '3', true], ['tool', '1.0', true], ['tool', '2.0', false]]);
  });

  it('does not guess what was installed where pip was told to be quiet', async () => {
    const { steps } = await lock(built([served('tool', '2.0')]));
    expect(steps[0]?.packages[0]).not.toHaveProperty('installed');
  });

  it('reads what pip prints in any portions', async () => {
    const recorder = built([served('tool', '1.0')]);
    const portions = createBuildRecorder();
    portions.onStep({ number: 2, text: 'RUN pip install tool' });
    portions.onEvent(served('tool', '1.0'));
    for (const portion of ['Successfully inst', 'alled tool-1.0', '\n ---> 01234', '56789ab\n']) portions.onOutput(portion);
    expect(portions.steps()[0]).toMatchObject({ imageId: '0123456789ab', installed: new Set(['tool-1.0']) });
    expect(recorder.steps()).toHaveLength(2);
  });

  it.each<[string, Partial<Extract<IndexEvent, { kind: 'file' }>>, Image, string]>([
    ['a yanked version was chosen', { doubts: ['1.0 is yanked'] }, report(['tool']), 'tool: 1.0 is yanked'],
    ['a newer version is yanked today', { newerYanked: ['1.1 was there'] }, report(['tool']), 'tool: 1.1 was there'],
    ['the date moved', {}, report(['tool'], { packages: { before, moved: { spec: 'x==1', uploadedAt: before } } }), `the date moved to ${before}: x==1 was uploaded ${before}`],
    ['another index was asked', {}, report([], { inputs: [{ kind: 'pip', spec: 'torch', line: 2, verdict: 'by-recording', reason: 'https://x need not say when a file was uploaded' }] }), 'line 2: https://x need not say when a file was uploaded'],
  ])('is near where %s', async (_, event, image, reason) => {
    expect(await lock(built([served('tool', '1.0', event)]), image)).toMatchObject({ fidelity: 'near', reasons: [reason] });
  });

  it('does not doubt what the submission pins itself', async () => {
    expect(await lock(built([served('tool', '1.0', { newerYanked: ['1.1 was there'] })]), report(['tool==1.0']))).toMatchObject({ fidelity: 'faithful' });
  });

  it('is kept for the layer, and taken from there where the engine has the layer', async () => {
    const store = memoryStore();
    const first = await lock(built([served('tool', '1.0')], 'Successfully installed tool-1.0'), report(['tool']), store);
    const again = await lock(built([], ' ---> Using cache'), report(['tool']), store);
    expect(again).toEqual({ ...first, steps: [{ ...first.steps[0], source: 'cache' }] });
  });

  it('says where the engine has a layer of which nothing was kept', async () => {
    expect(await lock(built([], ' ---> Using cache'))).toMatchObject({ fidelity: 'near', steps: [{ source: 'unknown' }] });
  });
});
