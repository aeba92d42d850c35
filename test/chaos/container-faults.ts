import { setTimeout as sleep } from 'node:timers/promises';
import type { AimOf } from './aim.ts';
import type { Submitted } from './workload.ts';
import { processesOf, signal, type World } from './world.ts';

/** Which of a run's containers, by the end of its name. */
const containers = {
  training: /-train$/,
  serving: /-evaluate-(open|closed)$/,
  guard: /-guard$/,
  relay: /-relay$/,
} as const;
export type ContainerOfRun = keyof typeof containers;

/** More would be the submission's own matter by then: what dies again and again is not killed by accident. */
const mostTrainingKills = 2;

/** The first process of a container is killed or stands still for a while, or the process that the engine set beside it is killed. */
export function containerFault(container: ContainerOfRun, how: 'SIGKILL' | 'SIGSTOP' | 'shim'): AimOf {
  return async (world, { durationMs }, submitted) => {
    const found = await findContainer(world, container, submitted, how !== 'SIGSTOP');
    const pid = found && (how === 'shim' ? processesOf(new RegExp(`containerd-shim.* -id ${found.id}`))[0] : found.pid);
    if (!found || !pid) return undefined;
    return {
      what: `${container} of ${found.run.name} (${how === 'shim' ? 'shim' : 'process'} ${pid}): ${how === 'SIGSTOP' ? `SIGSTOP for ${durationMs} ms` : 'SIGKILL'}`,
      async strike() {
        if (container === 'training' && how !== 'SIGSTOP') found.run.trainingKills.push(Date.now());
        signal(pid, how === 'SIGSTOP' ? 'SIGSTOP' : 'SIGKILL');
        if (how !== 'SIGSTOP') return;
        await sleep(durationMs);
        signal(pid, 'SIGCONT');
      },
      isUp: async () => true,
      beatsCount: false,
    };
  };
}

interface FoundContainer {
  id: string;
  pid: number;
  run: Submitted;
}

async function findContainer({ docker }: World, container: ContainerOfRun, submitted: Submitted[], kills: boolean): Promise<FoundContainer | undefined> {
  const running = await docker.listContainers().catch(() => []);
  for (const { Id, Names } of running) {
    const run = submitted.find((each) => Names.some((name) => name.startsWith(`/reprise-${each.run}-`)));
    if (!run || !Names.some((name) => containers[container].test(name))) continue;
    if (container === 'training' && kills && run.trainingKills.length >= mostTrainingKills) continue;
    // It, or the engine, may be gone by now.
    const State = await docker.getContainer(Id).inspect().then((info) => info.State, () => undefined);
    if (State?.Running && State.Pid > 0) return { id: Id, pid: State.Pid, run };
  }
  return undefined;
}
