import { describe, expect, it } from 'vitest';
import { isolationChecks } from '../../infra/isolation.ts';

const engine = { ServerVersion: '20.10.24', Driver: 'overlay2', MemoryLimit: true, NCPU: 2, MemTotal: 1, DockerRootDir: '/', Runtimes: { runc: {}, runsc: {} }, SecurityOptions: ['name=seccomp,profile=default'] };

describe('the isolation of an engine', () => {
  it.each([
    ['as it comes', engine, undefined, ['ok', 'warning', 'ok'], 'REPRISE_CONTAINER_RUNTIME=runsc'],
    ['with the runtime that is asked for', engine, 'runsc', ['ok', 'warning', 'ok'], 'runsc'],
    ['without the runtime that is asked for', { ...engine, Runtimes: { runc: {} } }, 'runsc', ['ok', 'warning', 'failed'], 'the engine has no runtime runsc, only runc'],
    ['with user namespaces and no filter', { ...engine, SecurityOptions: ['name=userns'] }, undefined, ['failed', 'ok', 'ok'], 'runc'],
  ])('%s', (_, info, wanted, statuses, runtime) => {
    const checks = isolationChecks(info, wanted);
    expect(checks.map(({ status }) => status)).toEqual(statuses);
    expect(checks[2]?.message).toContain(runtime);
  });
});
