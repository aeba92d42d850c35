import type { AimOf } from './aim.ts';
import { containerFault } from './container-faults.ts';
import { retriesExhausted } from './exhausted-fault.ts';
import { partFault } from './part-faults.ts';
import type { FaultKind } from './plan.ts';
import { diskFull, networkCut, storeFailing, storeSlow } from './surroundings-faults.ts';

/** What each kind of fault does. */
export const faults: Record<FaultKind, AimOf> = {
  'worker-kill': partFault('worker', 'SIGKILL'),
  'worker-restart': partFault('worker', 'SIGTERM'),
  'worker-stop': partFault('worker', 'SIGSTOP'),
  'temporal-kill': partFault('temporal', 'SIGKILL'),
  'temporal-restart': partFault('temporal', 'SIGTERM'),
  'temporal-stop': partFault('temporal', 'SIGSTOP'),
  'store-kill': partFault('store', 'SIGKILL'),
  'store-restart': partFault('store', 'SIGTERM'),
  'store-stop': partFault('store', 'SIGSTOP'),
  'engine-kill': partFault('engine', 'SIGKILL'),
  'engine-restart': partFault('engine', 'SIGTERM'),
  'engine-stop': partFault('engine', 'SIGSTOP'),
  'containerd-kill': partFault('containerd', 'SIGKILL'),
  'supervisor-kill': partFault('supervisor', 'SIGKILL'),
  'training-kill': containerFault('training', 'SIGKILL'),
  'training-shim-kill': containerFault('training', 'shim'),
  'training-stop': containerFault('training', 'SIGSTOP'),
  'serving-kill': containerFault('serving', 'SIGKILL'),
  'serving-shim-kill': containerFault('serving', 'shim'),
  'serving-stop': containerFault('serving', 'SIGSTOP'),
  'guard-kill': containerFault('guard', 'SIGKILL'),
  'relay-kill': containerFault('relay', 'SIGKILL'),
  'store-failing': storeFailing,
  'store-slow': storeSlow,
  'network-cut': networkCut,
  'disk-full': diskFull,
  'retries-exhausted': retriesExhausted,
};
