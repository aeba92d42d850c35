import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildImages } from '../../../../activities/build/index.ts';
import { logRedactor, withStageLog } from '../../../../activities/logs/index.ts';
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

async function printed(dockerfile: string, command: string): Promise<string> {
  const taken = await writtenSubmission(store, dockerfile, { 'own.txt': 'own' });
  const context = stageContext(runName('build'), 'build');
  const { result } = await withStageLog(dependencies, context, logRedactor(dependencies.settings), (log) => buildImages(dependencies, { ...taken, fresh: false }, context, log));
  const id = result.images[0]?.id ?? '';
  built.add(id);
  return execFileSync('docker', ['run', '--rm', '--network=none', id, 'sh', '-c', command], { encoding: 'utf8' });
}

it('builds what only BuildKit knows: files in here-documents, modes, links and mounts', { timeout: 120_000 }, async () => {
  const dockerfile = `# syntax=docker/dockerfile:1.7
FROM ${busyboxImage}
ENV NAME=${runName('anew')} HOME=/home
COPY --chmod=750 --chown=12:34 <<EOF <<"raw.sh" /files/
name $NAME
EOF
echo "$NAME" \\
  and more
raw.sh
COPY --link <<-one /one
\ttab
\tone
COPY --chmod=640 own.txt /files/own
RUN --mount=type=cache,target=$HOME/cache --mount=type=tmpfs,target=temporary <<EOF
test -d /home/cache && test -d temporary && echo kept > /home/cache/a && cp /home/cache/a /from-cache
EOF
RUN --mount=type=cache,target=/bin ["test", "-e", "/bin/sh"]
RUN --mount=type=cache,target=/other (false || echo survived) > /status
RUN --network=none test "$(cat /status)" = survived
`;
  const listed = 'for f in /files/EOF /one /files/own; do ls -ln $f | { read mode links user group rest; echo $mode $user $group $f; }; done';
  const gone = 'test ! -e /home/cache && test ! -e /temporary && test ! -e /other && head -c 5 /files/EOF';
  const expected = ['-rwxr-x--- 12 34 /files/EOF', '-rw-r--r-- 0 0 /one', '-rw-r----- 0 0 /files/own', 'tab', 'kept', 'echo "$NAME" \\', '  and more', 'name '];
  expect((await printed(dockerfile, `${listed}; cat /one /from-cache /files/raw.sh; ${gone}`)).split('\n')).toEqual(expected);
});

it('gives files of other stages and images the modes that COPY names, and keeps the numbers of stages', { timeout: 120_000 }, async () => {
  const dockerfile = `FROM ${busyboxImage}
RUN mkdir -p /made/deep && echo one > /made/deep/one && echo two > /made/two.sh && echo ${runName('anew')} > /made/three.sh
USER nobody
FROM ${busyboxImage} AS last
COPY --from=0 --chmod=750 --chown=12:34 /made /all
COPY --from=0 --chmod=0711 --link /made/*.sh /some/
COPY --from=${busyboxImage} --chmod=600 bin/busybox /tool
COPY --from=0 /made/two.sh /as-it-was
`;
  const listed = 'for f in /all/deep /all/deep/one /some/two.sh /tool /as-it-was; do ls -lnd $f | { read mode links user group rest; echo $mode $user $group $f; }; done';
  const expected = ['drwxr-x--- 12 34 /all/deep', '-rwxr-x--- 12 34 /all/deep/one', '-rwx--x--x 0 0 /some/two.sh', '-rw------- 0 0 /tool', '-rw-r--r-- 0 0 /as-it-was', ''];
  expect((await printed(dockerfile, listed)).split('\n')).toEqual(expected);
});
