import type { Check } from './doctor.ts';
import type { EngineInfo } from './engine.ts';

/**
 * How far the engine keeps submissions from the machine beyond what the platform asks of every container: its system-call filter,
 * user namespaces, and the runtime. What is missing is said; only a configured runtime that is not there fails.
 */
export function isolationChecks(engine: EngineInfo, wanted: string | undefined): Check[] {
  return [filterCheck(engine), usersCheck(engine), runtimeCheck(engine, wanted)];
}

function filterCheck({ SecurityOptions = [] }: EngineInfo): Check {
  const name = 'System-call filter';
  const found = SecurityOptions.find((option) => option.includes('name=seccomp'));
  if (found && !found.includes('unconfined')) return { name, status: 'ok', message: "the engine's default (seccomp)" };
  return { name, status: 'failed', message: 'the engine filters no system calls', nextStep: 'Start the engine with its default seccomp profile; the kernel needs CONFIG_SECCOMP_FILTER.' };
}

function usersCheck({ SecurityOptions = [] }: EngineInfo): Check {
  const name = 'User namespaces';
  const kinds = ['userns', 'rootless'].filter((kind) => SecurityOptions.some((option) => option.includes(`name=${kind}`)));
  if (kinds.length > 0) return { name, status: 'ok', message: `root of a container is nobody on the host (${kinds.join(', ')})` };
  const nextStep = 'Optional: `"userns-remap": "default"` in the daemon.json of an engine of its own. Containers have no capabilities either way.';
  return { name, status: 'warning', message: 'root of a container is root on the host, without capabilities', nextStep };
}

function runtimeCheck({ Runtimes = {}, DefaultRuntime = 'runc' }: EngineInfo, wanted: string | undefined): Check {
  const name = 'Container runtime';
  const known = Object.keys(Runtimes);
  if (wanted !== undefined && !known.includes(wanted)) {
    return { name, status: 'failed', message: `the engine has no runtime ${wanted}, only ${known.join(', ')}`, nextStep: 'Install it (gVisor: `runsc install`, then restart the engine), or unset REPRISE_CONTAINER_RUNTIME.' };
  }
  const gvisor = known.includes('runsc') && wanted !== 'runsc' ? '; gVisor is there: REPRISE_CONTAINER_RUNTIME=runsc uses it' : '';
  return { name, status: 'ok', message: `${wanted ?? DefaultRuntime}${gvisor}` };
}
