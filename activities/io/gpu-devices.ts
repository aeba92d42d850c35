import { run } from './subprocess.ts';

/** What one GPU does at a moment. */
export interface DeviceSample {
  /** 0 to 1. */
  share: number;
  memoryBytes: number;
  /** Null where the device does not measure it. */
  powerWatts: number | null;
}

export type DeviceHealth = { healthy: true; sample: DeviceSample } | { healthy: false; problem: string };

const MiB = 1024 ** 2;

/**
 * How a device is, by nvidia-smi on its host and by its UUID. A device that is not listed, or whose figures it cannot give, is
 * out of order until its host resets it. Where there is no nvidia-smi nothing is known: undefined.
 */
export async function deviceHealth(uuid: string): Promise<DeviceHealth | undefined> {
  const query = ['--query-gpu=uuid,utilization.gpu,memory.used,power.draw', '--format=csv,noheader,nounits', `--id=${uuid}`];
  const answer = await run('nvidia-smi', query, { timeoutMs: 20_000 }).catch(() => undefined); // Not installed, or hangs.
  if (!answer) return undefined;
  if (answer.exitCode !== 0) return { healthy: false, problem: firstLine(answer.stdout || answer.stderr) || `nvidia-smi ended with exit code ${answer.exitCode}` };
  return parseHealth(answer.stdout, uuid);
}

/** One line of nvidia-smi: `GPU-…, 97, 30123, 287.31`; `[N/A]` where a device does not measure, other brackets where it is lost. */
export function parseHealth(text: string, uuid: string): DeviceHealth {
  const line = text.split('\n').find((each) => each.includes(uuid));
  if (line === undefined) return { healthy: false, problem: `nvidia-smi does not list ${uuid}` };
  const [, share, memory, power] = line.split(',').map((field) => field.trim());
  const problem = [share, memory, power].find((field) => field === undefined || (field.startsWith('[') && !/^\[(N\/A|Not Supported)\]$/i.test(field)) || /ERR!/.test(field));
  if (problem !== undefined) return { healthy: false, problem: `nvidia-smi says ${problem} for ${uuid}` };
  const watts = Number(power);
  return { healthy: true, sample: { share: (Number(share) || 0) / 100, memoryBytes: (Number(memory) || 0) * MiB, powerWatts: Number.isFinite(watts) ? watts : null } };
}

/**
 * Errors of the driver after which a device is of no use until it is reset (NVIDIA, "Xid Errors"): double-bit ECC, hung
 * scheduler, NVLink, off the bus, contained and uncontained memory errors, GSP time-outs.
 */
const fatalXids = new Set([48, 62, 64, 74, 79, 92, 94, 95, 119, 120, 140, 143]);

/** The fatal Xid that the kernel reported since an instant (Unix time in ms); undefined where there is none, or its log is not ours to read. */
export async function fatalXidSince(sinceMs: number): Promise<string | undefined> {
  const answer = await run('dmesg', ['--time-format=iso'], { timeoutMs: 10_000 }).catch(() => undefined); // Not there, or not allowed.
  return answer?.exitCode === 0 ? parseXids(answer.stdout, sinceMs) : undefined;
}

export function parseXids(text: string, sinceMs: number): string | undefined {
  return text.split('\n').find((line) => {
    const found = /^(\S+) NVRM: Xid \([^)]*\): (\d+)/.exec(line);
    return found !== null && Date.parse((found[1] ?? '').replace(',', '.')) >= sinceMs && fatalXids.has(Number(found[2]));
  });
}

function firstLine(text: string): string {
  return text.trim().split('\n')[0] ?? '';
}
