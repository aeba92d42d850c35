import { createPrivateKey, createPublicKey, sign, verify } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sourcesIn } from '../../infra/base-image/apt-sources.ts';
import { binaries, findBinary } from '../../infra/binaries.ts';
import { readConfig } from '../../infra/config.ts';
import { keyProblems, keysStep, publicKeyFile } from '../../infra/keys.ts';
import { enginePart, environmentRevision, localParts, storePart, temporalPart, workerPart } from '../../infra/parts.ts';
import { runSteps, SetupError, type SetupEvent, type Step } from '../../infra/step.ts';
import { unitArguments, unitOf } from '../../infra/supervisor/systemd.ts';

function configIn(home: string, environment: Record<string, string> = {}) {
  return readConfig({ REPRISE_HOME: home, ...environment });
}
function emptyHome(): string {
  return mkdtempSync(join(tmpdir(), 'reprise-home-'));
}

function stepThat(applies: boolean): Step & { applied: number } {
  let good = false;
  const step = {
    name: 'Example',
    applied: 0,
    check: async () => (good ? ('ok' as const) : { problem: 'it is missing', nextStep: 'Make it.' }),
    async apply() {
      step.applied += 1;
      good = applies;
    },
  };
  return step;
}

describe('a step', () => {
  it('is applied once, and skipped when it is good', async () => {
    const events: SetupEvent['type'][] = [];
    const step = stepThat(true);
    await runSteps([step, step], (event) => events.push(event.type));
    expect([step.applied, events]).toEqual([1, ['started', 'finished', 'good']]);
  });

  it('that does not come right fails with what to do', async () => {
    const failed = runSteps([stepThat(false)], () => undefined);
    await expect(failed).rejects.toBeInstanceOf(SetupError);
    await expect(failed).rejects.toMatchObject({ message: 'it is missing', nextStep: 'Make it.' });
  });
});

describe('keys', () => {
  it('are made once, for this user only, and never made again', async () => {
    const config = configIn(emptyHome());
    await runSteps([keysStep(config)], () => undefined);
    const first = readFileSync(config.suiteKeyFile, 'utf8');
    expect(first).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(config.signingKeyFile).mode & 0o777).toBe(0o600);
    await keysStep(config).apply(() => undefined);
    expect(readFileSync(config.suiteKeyFile, 'utf8')).toBe(first);
  });

  it('include an Ed25519 pair that signs and verifies', async () => {
    const config = configIn(emptyHome());
    await runSteps([keysStep(config)], () => undefined);
    const signature = sign(null, Buffer.from('statement'), createPrivateKey(readFileSync(config.signingKeyFile)));
    expect(verify(null, Buffer.from('statement'), createPublicKey(readFileSync(publicKeyFile(config))), signature)).toBe(true);
  });

  it('that others can read are a problem, with the command that closes them', async () => {
    const config = configIn(emptyHome());
    await runSteps([keysStep(config)], () => undefined);
    chmodSync(config.signingKeyFile, 0o644);
    expect(keyProblems(config)).toEqual([
      { problem: expect.stringContaining('can be read by other users'), nextStep: `Run: chmod 600 ${config.signingKeyFile}` },
    ]);
  });

  it('of the local store are part of the configuration, unless others are given or the store is elsewhere', async () => {
    const home = emptyHome();
    await runSteps([keysStep(configIn(home))], () => undefined);
    expect(configIn(home).s3SecretAccessKey).toMatch(/^[0-9a-f]{48}$/);
    expect(configIn(home, { REPRISE_S3_ACCESS_KEY_ID: 'mine', REPRISE_S3_SECRET_ACCESS_KEY: 'own' }).s3SecretAccessKey).toBe('own');
    expect(configIn(home, { REPRISE_S3_ENDPOINT: 'https://s3.example.org' }).s3SecretAccessKey).toBeUndefined();
  });
});

describe('parts', () => {
  it('run here only where the configuration points here', () => {
    const home = emptyHome();
    expect(localParts(configIn(home))).toEqual(['engine', 's3', 'temporal', 'worker']);
    const elsewhere = { REPRISE_TEMPORAL_ADDRESS: 'temporal.example.org:7233', REPRISE_S3_ENDPOINT: 'https://s3.example.org' };
    expect(localParts(configIn(home, elsewhere))).toEqual(['engine', 'worker']);
  });

  it('hold no secret in what is written about them', async () => {
    const home = emptyHome();
    await runSteps([keysStep(configIn(home))], () => undefined);
    const config = configIn(home);
    const environment = { REPRISE_SECRET_HF_TOKEN: 'hf_never_written' };
    const parts = [enginePart(config, 'dockerd'), storePart(config, 'versitygw'), temporalPart(config, 'temporal'), workerPart(config, environment)];
    const written = JSON.stringify(parts) + parts.flatMap((part) => unitArguments(config, part, '/run/secrets')).join(' ');
    for (const secret of [config.s3SecretAccessKey, 'hf_never_written']) expect(written).not.toContain(secret);
  });

  it('give the worker the configuration that `up` read', () => {
    const given = { REPRISE_NAMESPACE: 'other', REPRISE_IMAGE_MAP: 'debian:bookworm-slim=mirror.example.org/debian:12' };
    const config = configIn(emptyHome(), given);
    const { s3AccessKeyId: _id, s3SecretAccessKey: _key, ...visible } = readConfig(workerPart(config).environment);
    expect(visible).toEqual(config);
  });

  it('are started anew when a secret changes', () => {
    const config = configIn(emptyHome());
    expect(environmentRevision(config, { REPRISE_SECRET_A: '1' })).not.toBe(environmentRevision(config, { REPRISE_SECRET_A: '2' }));
    expect(environmentRevision(config, { PATH: '/a' })).toBe(environmentRevision(config, { PATH: '/b' }));
  });

  it('of two stacks are different units of systemd, which never gives up on them', () => {
    const [a, b] = [configIn(emptyHome()), configIn(emptyHome())];
    expect(unitOf(a, 's3')).not.toBe(unitOf(b, 's3'));
    const args = unitArguments(a, storePart(a, '/bin/versitygw'));
    expect(args).toEqual(expect.arrayContaining(['--property=Restart=always', '--property=RestartSec=1', '--property=StartLimitIntervalSec=0']));
    expect(args.slice(args.indexOf('--') + 1)[0]).toBe('/bin/versitygw');
  });
});

describe('programs', () => {
  it('that the configuration names and nobody can run are said so', async () => {
    const config = configIn(emptyHome(), { REPRISE_TEMPORAL_BINARY: '/nowhere/temporal' });
    await expect(findBinary(config, binaries.temporal)).rejects.toMatchObject({ nextStep: expect.stringContaining('REPRISE_TEMPORAL_BINARY') });
  });
});

describe('the sources of the base image', () => {
  const lines = ['http://mirror.example.org/debian/ bookworm main Debian', 'http://mirror.example.org/security/ bookworm-security main Debian'];

  it('are those of the machine’s own apt', () => {
    expect(sourcesIn([...lines, 'https://other.example.org/ bookworm stable Other'].join('\n'), 'bookworm')).toEqual([
      { uri: 'http://mirror.example.org/debian', suite: 'bookworm', component: 'main' },
      { uri: 'http://mirror.example.org/security', suite: 'bookworm-security', component: 'main' },
    ]);
  });

  it.each([
    ['another release', 'http://mirror.example.org/debian/ trixie main Debian'],
    ['another distribution', 'http://mirror.example.org/other/ bookworm main Other'],
    ['a disc', 'cdrom://[Debian]/ bookworm main Debian'],
    ['the security updates alone', lines[1] ?? ''],
  ])('are debootstrap’s own where apt has only %s', (_what, text) => {
    expect(sourcesIn(text, 'bookworm')).toEqual([]);
  });
});
