import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildImages } from '../../../../activities/build/index.ts';
import { runFilter } from '../../../../activities/io/docker/names.ts';
import { logRedactor, withStageLog } from '../../../../activities/logs/index.ts';
import { imageFiles } from '../../../../activities/record/image-files.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { engineDependencies, runName, stageContext } from '../../../fixtures/engine.ts';
import { writtenSubmission } from '../../../fixtures/submissions.ts';

const dependencies = engineDependencies();
const { docker, store } = dependencies;
const built = new Set<string>();

beforeAll(() => ensureBusybox(docker));
afterAll(async () => {
  for (const id of built) await docker.getImage(id).remove({ force: true });
});

const files = { 'requirements.txt': 'numpy==1.26\n', 'src/main.py': 'print(1)\n', 'src/deep/own.txt': 'deep\n', '.dockerignore': 'secret.txt\n', 'secret.txt': 'x' };

async function build(dockerfile: string, given: Record<string, string> = files): Promise<{ id: string; log: string }> {
  const taken = await writtenSubmission(store, dockerfile, given);
  const context = stageContext(runName('build'), 'build');
  const { logKey, result } = await withStageLog(dependencies, context, logRedactor(dependencies.settings), (log) => buildImages(dependencies, { ...taken, fresh: false }, context, log));
  const id = result.images[0]?.id ?? '';
  built.add(id);
  expect(await docker.listContainers({ all: true, filters: runFilter(context.run) })).toEqual([]);
  return { id, log: Buffer.from((await store.get(logKey ?? '')) ?? []).toString('utf8') };
}

function printed(id: string, command: string): string[] {
  return execFileSync('docker', ['run', '--rm', '--network=none', '--user=0', id, 'sh', '-c', command], { encoding: 'utf8' }).trim().split('\n');
}

/** Every path that any layer holds, also what a later one hides. */
function pathsOfLayers(id: string): string[] {
  const command = `docker save ${id} | tar -x -O --wildcards '*/layer.tar' | tar -t -i | sort -u`;
  return execFileSync('sh', ['-c', command], { encoding: 'utf8' }).split('\n');
}

/** A base that no other test has: nothing comes from the cache. */
const base = `FROM ${busyboxImage}\nRUN ln -s busybox /bin/mv && ln -s busybox /bin/cp\nENV ANEW=${runName('anew')}\n`;

describe('a step with bind mounts', { timeout: 180_000 }, () => {
  it('finds files of the context, of stages and of images, and leaves nothing of them', async () => {
    const { id, log } = await build(`FROM ${busyboxImage}
RUN mkdir -p /wheels/a && echo wheel > /wheels/a/w.whl && ln -s a/w.whl /wheels/link
${base}WORKDIR /app
RUN --mount=type=bind,source=requirements.txt,target=/tmp/requirements.txt cp /tmp/requirements.txt /one
RUN --mount=target=. cat src/main.py src/deep/own.txt > /two; test ! -e secret.txt && test -e /app/requirements.txt
RUN --mount=type=bind,from=0,source=/wheels,target=/opt/wheels --mount=from=${busyboxImage},source=/bin/busybox,target=busybox \\
    # why
    cat /opt/wheels/link > /three && ./busybox sh -c 'echo third >> /three'
RUN --mount=type=bind,source=src,target=/changed,rw <<EOF
echo changed > /changed/main.py && echo new > /changed/new && cat /changed/main.py /changed/new > /four
EOF
RUN --mount=type=bind,source=src/main.py,target=/exec.py ["cp", "/exec.py", "/five"]
`);
    expect(printed(id, 'cat /one /two /three /four /five; ls -A /app /tmp')).toEqual(['numpy==1.26', 'print(1)', 'deep', 'wheel', 'third', 'changed', 'new', 'print(1)', '/app:', '', '/tmp:']);
    expect(pathsOfLayers(id).filter((path) => /requirements|main\.py|own\.txt|w\.whl|app\/.|exec\.py|changed|opt|reprise/.test(path))).toEqual([]);
    expect(log).toContain("RUN     cat /opt/wheels/link > /three && ./busybox sh -c 'echo third >> /three'\n");
    expect(log).not.toMatch(/reprise[_-](?!test|mount|stage)/);
  });

  it('hides what the image has at the target, and has it again afterwards', async () => {
    const { id } = await build(`${base}RUN mkdir -p /app/kept && echo kept > /app/kept/file && echo conf > /etc/own.conf && chmod 640 /etc/own.conf
RUN --mount=type=bind,source=src,target=/app --mount=type=bind,source=requirements.txt,target=/etc/own.conf test ! -e /app/kept && cat /app/main.py /etc/own.conf > /seen
`);
    expect(printed(id, 'cat /seen /app/kept/file /etc/own.conf; ls -A /app; ls -l /etc/own.conf | head -c 10')).toEqual(['print(1)', 'numpy==1.26', 'kept', 'conf', 'kept', '-rw-r-----']);
    expect([...(await imageFiles(docker, id)).keys()].filter((path) => /main\.py|requirements|reprise/.test(path))).toEqual([]);
  });

  it('of a user who may not remove the mount point leaves it empty', async () => {
    const { id } = await build(`${base}RUN mkdir -m 777 /out\nUSER nobody\nRUN --mount=type=bind,source=src,target=/mounted --mount=type=bind,source=requirements.txt,target=/file.txt cat /mounted/deep/own.txt /file.txt > /out/seen\n`);
    expect(printed(id, 'cat /out/seen; ls -A /mounted; cat /file.txt; ls -A /tmp')).toEqual(['deep', 'numpy==1.26']);
  });

  it('fails as its command does, and where there is nothing to mount', async () => {
    await expect(build(`${base}RUN --mount=target=/src test -e /src/nothing\n`)).rejects.toThrow(/^Dockerfile line 4: `RUN --mount=target=\/src test -e \/src\/nothing` failed: exit code 1/);
    await expect(build(`${base}RUN --mount=source=absent,target=/src true\n`)).rejects.toThrow(expect.objectContaining({ type: 'BUILD_COPY_MISSING', message: expect.stringMatching(/line 4: RUN --mount=source=absent,target=\/src: there is no absent/) }));
    await expect(build(`${base}RUN --mount=from=${busyboxImage},source=/absent,target=/src true\n`)).rejects.toThrow(/there is no \/absent/);
  });

  it('is not answered from the cache when its files are others', async () => {
    const text = `${base}RUN --mount=source=src/main.py,target=/main.py cp /main.py /seen\n`;
    await build(text);
    const { id } = await build(text, { ...files, 'src/main.py': 'print(2)\n' });
    expect(printed(id, 'cat /seen')).toEqual(['print(2)']);
  });
});
