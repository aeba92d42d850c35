import { describe, expect, it } from 'vitest';
import { withoutPrelude, withSecretSteps } from '../../../activities/build/secret-steps.ts';

const names = ['HF_TOKEN', 'TEAM_KEY'];

function rewritten(dockerfile: string): string {
  return Buffer.from(withSecretSteps(Buffer.from(dockerfile), 'Dockerfile', names)).toString('utf8');
}

/** The RUN line of a Dockerfile with one step, without what is put before its command. */
function step(run: string): string {
  return withoutPrelude(rewritten(`FROM base\n${run}\n`)).split('\n').slice(1).join('\n').trim();
}

/** The names and targets that a step's prelude takes. */
function taken(run: string): string[] {
  return [...rewritten(`FROM base\n${run}\n`).matchAll(/reprise_secret (\w+ \S+);/g)].map((match) => match[1] ?? '');
}

describe('a step that asks for a secret', () => {
  it.each([
    ['as BuildKit mounts it', 'RUN --mount=type=secret,id=HF_TOKEN pip install x', ['HF_TOKEN /run/secrets/HF_TOKEN'], 'RUN pip install x'],
    ['in other words', 'run --mount=target=/root/.token,id=hf-token,type=secret,mode=0400 pip install x', ['HF_TOKEN /root/.token'], 'RUN pip install x'],
    ['by its target alone', 'RUN --mount=type=secret,dst=/x/team_key cat /x/team_key', ['TEAM_KEY /x/team_key'], 'RUN cat /x/team_key'],
    ['beside other flags', 'RUN --network=none --mount=type=secret,id=HF_TOKEN --mount=type=cache,target=/c make', ['HF_TOKEN /run/secrets/HF_TOKEN'], 'RUN make'],
    ['over several lines', 'RUN --mount=type=secret,id=HF_TOKEN \\\n    # why\n    pip install \\\n    x', ['HF_TOKEN /run/secrets/HF_TOKEN'], 'RUN \\\n    # why\n    pip install \\\n    x'],
    ['twice', 'RUN --mount=type=secret,id=HF_TOKEN --mount=type=secret,id=TEAM_KEY x', ['HF_TOKEN /run/secrets/HF_TOKEN', 'TEAM_KEY /run/secrets/TEAM_KEY'], 'RUN x'],
    ['by name', 'RUN huggingface-cli login --token $HF_TOKEN', ['HF_TOKEN /run/secrets/HF_TOKEN'], 'RUN huggingface-cli login --token $HF_TOKEN'],
    ['by its file', 'RUN cat /run/secrets/TEAM_KEY', ['TEAM_KEY /run/secrets/TEAM_KEY'], 'RUN cat /run/secrets/TEAM_KEY'],
  ])('%s', (_how, run, expected, command) => {
    expect(taken(run)).toEqual(expected);
    expect(step(run)).toBe(command);
  });

  it('in the exec form', () => {
    const text = step('RUN --mount=type=secret,id=HF_TOKEN ["python", "a b.py"]');
    expect(JSON.parse(text.slice(4))).toEqual(['/bin/sh', '-c', '"$@"', 'sh', 'python', 'a b.py']);
  });

  it.each([
    ['that is not required and not declared', 'RUN --mount=type=secret,id=other cat /x', [], 'RUN cat /x'],
    ['and names none', 'RUN echo MY_HF_TOKEN_2', [], 'RUN echo MY_HF_TOKEN_2'],
  ])('gets none %s', (_how, run, expected, command) => {
    expect(taken(run)).toEqual(expected);
    expect(step(run)).toBe(command);
  });

  it.each([
    ['one that is required and not declared', 'RUN --mount=type=secret,id=other,required=true x', 'line 2: the secret other is not declared'],
    ['a target that is no path', "RUN --mount=type=secret,id=HF_TOKEN,target=/x;rm x", 'line 2: the target of a secret'],
    ['the argument that carries them', 'ARG FTP_PROXY\nRUN echo $HF_TOKEN', 'line 2: a submission with secrets cannot set FTP_PROXY'],
  ])('is refused %s', (_what, run, said) => {
    expect(() => rewritten(`FROM base\n${run}\n`)).toThrow(said);
  });

  it.each([
    ['a cache', 'RUN --mount=type=cache,target=/root/.cache,sharing=locked make', ['/root/.cache'], 'RUN make'],
    ['several', 'RUN --mount=type=cache,target=$HOME/a --mount=type=tmpfs,dst=b \\\n  make', ['$HOME/a', 'b'], 'RUN \\\n  make'],
    ['an agent that may be missing', 'RUN --mount=type=ssh make', [], 'RUN make'],
    ['the usual network', 'RUN --network=default --security=sandbox make', [], 'RUN make'],
  ])('has %s otherwise', (_what, run, targets, command) => {
    const text = rewritten(`FROM base\n${run}\n`);
    expect([...text.matchAll(/reprise_mount "([^"]*)";/g)].map((match) => match[1])).toEqual(targets);
    expect(step(run)).toBe(command);
  });

  it.each([
    ['an agent', 'RUN --mount=type=ssh,required make', 'over HTTP'],
    ['more rights', 'RUN --security=insecure make', 'more rights'],
    ['a target that is no path', 'RUN --mount=type=cache,target=/a;b make', 'no target'],
  ])('is refused %s, with its line', (_what, run, said) => {
    expect(() => rewritten(`FROM base\n${run}\n`)).toThrow(expect.objectContaining({ type: 'DOCKERFILE_UNSUPPORTED', message: expect.stringMatching(new RegExp(`^Dockerfile line 2: .*${said}`)) }));
  });

  it('beside mounts of every kind clears all of them away in the end', () => {
    const bound = { line: 2, place: '', key: 'a'.repeat(64), binds: [{ stage: undefined, source: '', target: '/b' }] };
    const text = Buffer.from(withSecretSteps(Buffer.from('FROM base\nRUN --mount=target=/b --mount=type=cache,target=/c --mount=type=secret,id=HF_TOKEN make\n'), 'Dockerfile', names, [bound])).toString('utf8');
    expect(/.*trap '([^']*)' EXIT/s.exec(text)?.[1]).toMatch(/reprise_back 1;.*rm -rf \$reprise_made;.*rm -f \/run\/secrets\/HF_TOKEN/);
    expect(withoutPrelude(text)).toBe('FROM base\nRUN make\n');
  });

  it('leaves a Dockerfile without such steps as it is', () => {
    const dockerfile = 'FROM base\nARG FTP_PROXY\nRUN make\n';
    expect(rewritten(dockerfile)).toBe(dockerfile);
  });
});
