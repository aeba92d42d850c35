import { describe, expect, it } from 'vitest';
import { limits, type FailureCode } from '../../../../domain/index.ts';
import { failure } from '../../../../activities/failure.ts';
import { buildRepairing, type BuildTry, type FailedTry } from '../../../../activities/build/repair/loop.ts';
import type { Facts } from '../../../../activities/build/repair/facts.ts';
import { memoryStore } from '../../../fakes/memory-store.ts';

const pinned = 'FROM debian\nRUN pip install a\nRUN pip install b\n';
const before = '2023-10-26T00:00:00.000Z';
const frame = (line: string): string[] => ['Collecting tool', '  ╰─> [1 lines of output]', `      ${line}`, '      [end of output]'];
const outputs = { twoToThree: frame('error in tool setup command: use_2to3 is invalid'), cython: frame('AttributeError: cython_sources'), own: ['Traceback', "ModuleNotFoundError: No module named 'pkg_resources'"] };

/** What the engine would do: fails at the line of `step` with an output, unless the Dockerfile holds what helps. */
interface Fault {
  step: string;
  lines: string[];
  helps?: string;
  code?: FailureCode;
  end?: Partial<FailedTry['end']>;
}

function engine(faults: Fault[]) {
  const built: string[] = [];
  const build = async (text: string): Promise<BuildTry<string>> => {
    built.push(text);
    const fault = faults.find(({ helps }) => helps === undefined || !text.includes(helps));
    if (!fault) return { status: 'built', built: `image ${built.length}` };
    const end = { error: '', exitCode: 1, keyword: 'RUN', lines: fault.lines, ...fault.end };
    return { status: 'failed', failure: failure(fault.code ?? 'BUILD_STEP_FAILED', `${fault.step} failed`), end, pinnedLine: text.split('\n').indexOf(fault.step) + 1, line: 7 };
  };
  return { built, build };
}

const facts: Facts = { before, replacedBase: false, aptArchive: false, package: undefined };

function run(faults: Fault[], options: { store?: ReturnType<typeof memoryStore>; remembered?: boolean; repairing?: boolean } = {}) {
  const said: string[] = [];
  const { built, build } = engine(faults);
  const { store = memoryStore(), remembered = true, repairing = true } = options;
  const result = buildRepairing({ store, role: 'serve', dockerfile: 'Dockerfile', inputs: 'x', pinned, before, remembered, repairing, build, factsOf: async () => facts, say: async (message) => void said.push(message) });
  return { result, built, said, store };
}

const first: Fault = { step: 'RUN pip install a', lines: outputs.twoToThree, helps: 'setuptools<58', code: 'BUILD_PACKAGE_BROKEN' };
const second: Fault = { step: 'RUN pip install b', lines: outputs.cython, helps: 'Cython<3', code: 'BUILD_PACKAGE_BROKEN' };

describe('a build that breaks', () => {
  it('is repaired step by step, and each attempt is told and kept', async () => {
    const { result, built, said } = run([first, second]);
    const { built: image, repairs } = await result;
    expect(image).toBe('image 3');
    expect(built[0]).toBe(pinned);
    expect(built[2]?.split('\n').filter((line) => line.startsWith('ARG PIP_CONSTRAINT'))).toEqual(['ARG PIP_CONSTRAINT=http://index.reprise.internal/constraints/setuptools<58', 'ARG PIP_CONSTRAINT=http://index.reprise.internal/constraints/setuptools<58/Cython<3']);
    expect(said).toEqual([`repair 1 of ${limits.buildRepairs}: setuptools-2to3 (near): setuptools<58`, `repair 2 of ${limits.buildRepairs}: cython-3 (near): Cython<3`]);
    expect(repairs).toMatchObject({ fidelity: 'near', attempts: [{ attempt: 1, repair: 'setuptools-2to3', result: 'went-on', line: 7, log: expect.arrayContaining([expect.stringContaining('use_2to3')]) }, { attempt: 2, result: 'built' }] });
  });

  it('is built again with what helped the last time, and only then', async () => {
    const { result, store } = run([first]);
    const { repairs } = await result;
    const later = run([first], { store, repairing: false });
    expect((await later.result).repairs).toEqual(repairs);
    expect(later.built).toHaveLength(1);
    await expect(run([first], { store, remembered: false, repairing: false }).result).rejects.toMatchObject({ type: 'BUILD_PACKAGE_BROKEN' });
  });

  it('has a repair taken back that does not help, and keeps its own failure', async () => {
    const { result, built } = run([{ ...first, helps: 'never' }]);
    await expect(result).rejects.toMatchObject({ type: 'BUILD_PACKAGE_BROKEN', message: expect.stringMatching(/^RUN pip install a failed; .*and is not repaired: what is known to help did not; repairs tried: setuptools-2to3: setuptools<58 \(no help\)$/) });
    expect(built).toHaveLength(2);
  });

  it('is not tried for ever', async () => {
    let count = 0;
    const steps = `FROM debian\n${Array.from({ length: 10 }, (_, index) => `RUN ${index}`).join('\n')}\n`;
    const build = async (text: string): Promise<BuildTry<string>> => {
      const step = `RUN ${count++}`;
      return { status: 'failed', failure: failure('BUILD_PACKAGE_MISSING', step), end: { error: '', exitCode: 1, keyword: 'RUN', lines: [`ERROR: Could not find a version that satisfies the requirement p${count}`] }, pinnedLine: text.split('\n').indexOf(step) + 1, line: undefined };
    };
    const factsOf = async (): Promise<Facts> => ({ ...facts, package: { name: `p${count}`, hadWheel: false, appeared: { version: '1', before } } });
    const trying = buildRepairing({ store: memoryStore(), role: 'serve', dockerfile: 'Dockerfile', inputs: 'x', pinned: steps, before, remembered: true, repairing: true, build, factsOf, say: async () => undefined });
    await expect(trying).rejects.toMatchObject({ message: expect.stringContaining(`${limits.buildRepairs} repairs are the most`) });
    expect(count).toBe(limits.buildRepairs + 1);
  });
});

describe('a fault of the submission is never repaired:', () => {
  it.each<[string, Fault]>([
    ['a script that fails by itself', { step: 'RUN pip install a', lines: outputs.own }],
    ['a file that is not there', { step: 'RUN pip install a', lines: outputs.twoToThree, code: 'BUILD_COPY_MISSING', end: { keyword: 'COPY', exitCode: undefined } }],
    ['an instruction that does not exist', { step: 'RUN pip install a', lines: [], code: 'DOCKERFILE_INVALID' }],
    ['a build that takes too much', { step: 'RUN pip install a', lines: outputs.twoToThree, code: 'DISK_LIMIT' }],
    ['requirements that contradict each other', { step: 'RUN pip install a', lines: ['ERROR: Cannot install a and b because these package versions have conflicting dependencies.'], code: 'BUILD_CONFLICT' }],
  ])('%s', async (_what, fault) => {
    const { result, built } = run([fault]);
    await expect(result).rejects.toMatchObject({ type: fault.code ?? 'BUILD_STEP_FAILED' });
    expect(built).toEqual([pinned]);
  });

  it('a fault behind one that was repaired is told as it is', async () => {
    await expect(run([first, { step: 'RUN pip install b', lines: outputs.own }]).result).rejects.toMatchObject({ type: 'BUILD_STEP_FAILED', message: expect.stringMatching(/^RUN pip install b failed; repairs tried: setuptools-2to3/) });
  });

  it('a replay repairs nothing', async () => {
    await expect(run([first], { repairing: false }).result).rejects.toMatchObject({ message: 'RUN pip install a failed' });
  });
});
