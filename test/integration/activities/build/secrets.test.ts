import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildImages } from '../../../../activities/build/index.ts';
import { getBlob } from '../../../../activities/io/blobs.ts';
import { logRedactor, withStageLog } from '../../../../activities/logs/index.ts';
import type { BuildResult } from '../../../../workflows/contract.ts';
import { busyboxImage, ensureBusybox } from '../../../fixtures/busybox.ts';
import { engineDependencies, runName, stageContext } from '../../../fixtures/engine.ts';
import { writtenSubmission } from '../../../fixtures/submissions.ts';

const values = { HF_TOKEN: `no-token-${runName('value')}`, TEAM_KEY: '-p"ä/s\\s %d & $HOME `id` \n=' };
const exposedSecrets = Object.entries(values).map(([name, value]) => ({ name, value }));
const dependencies = engineDependencies({ secrets: values, exposedSecrets });
dependencies.settings.fingerprintKeyFile = join(dependencies.settings.scratchDirectory, 'fingerprint.key');
writeFileSync(dependencies.settings.fingerprintKeyFile, '11'.repeat(32));
const { docker, store } = dependencies;
const built = new Set<string>();

beforeAll(() => ensureBusybox(docker));
afterAll(async () => {
  for (const id of built) await docker.getImage(id).remove({ force: true });
});

async function build(steps: string): Promise<BuildResult> {
  const taken = await writtenSubmission(store, `FROM ${busyboxImage}\n# ${runName('anew')}\nRUN echo ${runName('anew')} > /anew\n${steps}\n`);
  const context = stageContext(runName('build'), 'build');
  const submission = { ...taken.submission, secrets: Object.keys(values) };
  const { result } = await withStageLog(dependencies, context, logRedactor(dependencies.settings), (log) => buildImages(dependencies, { ...taken, submission, fresh: false }, context, log));
  for (const { id } of result.images) built.add(id);
  return result;
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}

it('has its secrets in the steps that ask for them, byte for byte, and nowhere afterwards', { timeout: 120_000 }, async () => {
  const steps = [
    `RUN --mount=type=secret,id=TEAM_KEY test "$(md5sum < /run/secrets/TEAM_KEY)" = "${md5(values.TEAM_KEY)}  -"`,
    `RUN test "$(printf %s "$TEAM_KEY" | md5sum)" = "${md5(values.TEAM_KEY)}  -" && test -z "\${FTP_PROXY-}"`,
    `RUN --mount=type=secret,id=hf_token,target=/tmp/deep/token ["sh", "-c", "test $(md5sum < /tmp/deep/token | cut -c1-32) = ${md5(values.HF_TOKEN)} && echo $HF_TOKEN"]`,
    'USER 65534:65534',
    `RUN test "$HF_TOKEN" = "${values.HF_TOKEN.replace('no-', 'no""-')}"`,
    'USER 0',
    'RUN test ! -e /run/secrets && test ! -e /tmp/deep/token && test -z "$(ls /dev/shm)"',
  ];
  const { images, artifacts } = await build(steps.join('\n'));
  const log = Buffer.from(await getBlob(store, artifacts[0]?.sha256 ?? '')).toString('utf8');
  expect(log).toContain('[redacted:HF_TOKEN]');
  const image = docker.getImage(images[0]?.id ?? '');
  const all = [log, JSON.stringify([await image.inspect(), await image.history()]), (await buffer((await image.get()) as never)).toString('latin1')].join('\n');
  for (const value of [values.HF_TOKEN, Buffer.from(values.TEAM_KEY).toString('latin1').slice(0, 8)]) expect(all.includes(value)).toBe(false);
});

it.each([
  ['writes one into a layer', 'RUN echo $HF_TOKEN > /etc/token', 'HF_TOKEN, in etc/token of sha256:'],
  ['deletes it in the next layer', 'RUN echo $HF_TOKEN > /etc/token\nRUN rm /etc/token', 'HF_TOKEN, in etc/token of sha256:'],
  ['packs it', 'RUN printf %s "$TEAM_KEY" | gzip > /key.gz', 'TEAM_KEY, in key.gz of sha256:'],
])('refuses an image that %s', { timeout: 120_000 }, async (_what, steps, said) => {
  const before = new Set((await docker.listImages()).map(({ Id }) => Id));
  await expect(build(steps)).rejects.toMatchObject({ type: 'SECRET_EXPOSED', message: expect.stringContaining(`Dockerfile: the image holds the secret ${said}`) });
  const news = (await docker.listImages()).filter(({ Id, RepoTags }) => !before.has(Id) && (RepoTags ?? []).some((tag) => tag.startsWith('reprise/serve')));
  const told = await Promise.all(news.map(async ({ Id }) => JSON.stringify(await docker.getImage(Id).history()).includes('/etc/token')));
  expect(told).not.toContain(true);
});
