import type { Check } from './doctor.ts';
import type { EngineInfo } from './engine.ts';
import type { Problem } from './step.ts';

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
  const problem = runtimeProblem({ Runtimes }, wanted);
  if (problem) return { name, status: 'failed', message: problem.problem, nextStep: problem.nextStep };
  const gvisor = 'runsc' in Runtimes && wanted !== 'runsc' ? '; gVisor is there: REPRISE_CONTAINER_RUNTIME=runsc uses it' : '';
  return { name, status: 'ok', message: `${wanted ?? DefaultRuntime}${gvisor}` };
}

/** What is wrong with a runtime that is configured; undefined where the engine has it, or none is. */
export function runtimeProblem({ Runtimes = {} }: Pick<EngineInfo, 'Runtimes'>, wanted: string | undefined): Problem | undefined {
  if (wanted === undefined || wanted in Runtimes) return undefined;
  const nextStep = 'Give it to the engine (gVisor: `runsc install`, then restart the engine; `reprise up` does so where it started the engine), or unset REPRISE_CONTAINER_RUNTIME.';
  return { problem: `the engine has no runtime ${wanted}, only ${Object.keys(Runtimes).join(', ')}`, nextStep };
}
