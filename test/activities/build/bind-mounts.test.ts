import { describe, expect, it } from 'vitest';
import { bindPrelude, boundSteps, waitingStep, withoutBindPrelude, type BindMount } from '../../../activities/build/bind-mounts.ts';

function bound(dockerfile: string, identity: unknown = 1): ReturnType<typeof boundSteps> {
  return boundSteps('Dockerfile', dockerfile, identity);
}

function binds(run: string): BindMount[] {
  return bound(`FROM a AS made\nFROM b\nENV D=/d\n${run}\n`).steps.flatMap((step) => step.binds);
}

describe('a bind mount', () => {
  it.each([
    ['of the context', 'RUN --mount=type=bind,source=x.txt,target=/t/ a', { stage: undefined, source: 'x.txt', target: '/t' }],
    ['of all of it, by the shortest words', 'RUN --mount=target=. a', { stage: undefined, source: '', target: '.' }],
    ['of a stage', 'RUN --mount=from=made,src=/x,dst=$D/y a', { stage: 'reprise-mount-1', source: '/x', target: '/d/y' }],
    ['in the exec form', 'RUN --mount=type=bind,target=/x,rw ["a"]', { stage: undefined, source: '', target: '/x' }],
  ])('%s', (_what, run, expected) => {
    expect(binds(run)).toEqual([expected]);
  });

  it('has a stage that stands for where it comes from, right before the one that mounts it', () => {
    const { stages } = bound('FROM a AS made\nFROM b\nRUN --mount=from=made,target=/x a\nFROM c\nRUN --mount=from=0,target=/x --mount=from=tool:1,target=/y a\n');
    expect(stages.map(({ name, before, from }) => `${name} before ${before} of ${from}`)).toEqual(['reprise-mount-1 before 1 of made', 'reprise-mount-2 before 2 of 0', 'reprise-mount-3 before 2 of tool:1']);
  });

  it.each([
    ['of another kind', 'RUN --mount=type=cache,target=/x a'],
    ['of an ADD', 'ADD --mount=target=/x a /b'],
  ])('is none %s', (_what, run) => {
    expect(binds(run)).toEqual([]);
  });

  it.each([
    ['a target that only the base knows', 'RUN --mount=target=$HOME/x a'],
    ['words for a shell', 'RUN --mount=source=a,target=/x"$(b)" a'],
    ['the root as its target', 'RUN --mount=target=/ a'],
    ['no target', 'RUN --mount=source=a a'],
    ['a command that does not come back', 'RUN --mount=target=/x b && exec a'],
    ['a command with an end of its own', "RUN --mount=target=/x trap 'b' EXIT; a"],
  ])('is refused with %s', (_what, run) => {
    expect(() => binds(run)).toThrow(expect.objectContaining({ type: 'DOCKERFILE_UNSUPPORTED', message: expect.stringMatching(/^Dockerfile line 4: RUN --mount=/) }));
  });

  it('makes a step another one for the cache when the context, or a line of the Dockerfile, is another', () => {
    const key = (dockerfile: string, identity: unknown): string | undefined => bound(dockerfile, identity).steps[0]?.key;
    const text = 'FROM a\nRUN --mount=target=/x a\n';
    expect(new Set([key(text, 1), key(text, 1), key(text, 2), key(`FROM b${text.slice(6)}`, 1)]).size).toBe(3);
  });

  it('is seen neither in what the engine repeats nor in what the step prints', () => {
    const [step] = bound('FROM a\nRUN --mount=target=/x a\n').steps;
    const prelude = step ? bindPrelude(step, []) : '';
    expect(withoutBindPrelude(`Step 2/2 : RUN ${prelude} a\n`)).toBe('Step 2/2 : RUN a\n');
    expect(withoutBindPrelude(`reprise-bind ${step?.key} 0 0 -\nown\n`)).toBe('own\n');
  });
});

it('is told of a step that waits', () => {
  const key = 'a'.repeat(64);
  expect(waitingStep(`mkdir: odd\nreprise-bind ${key} 12 34 d-\n`)).toEqual({ key, uid: 12, gid: 34, directories: [true, false] });
  expect(waitingStep('reprise-bind x 0 0 -\n')).toBeUndefined();
});
