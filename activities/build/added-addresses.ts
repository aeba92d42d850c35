import { failure } from '../failure.ts';
import { parseDockerfile, wordsOf } from '../pin/dockerfile.ts';
import { stepsOf } from '../pin/scope.ts';
import { createGuard, InwardAddress, type Guard } from '../record/addresses.ts';

/**
 * Refuses a Dockerfile whose ADD names an address of this machine or its link: the engine itself fetches those, from where it
 * stands, past every network of the build. `reachable` are the operator's exceptions, as `host:port`.
 * Failures: BUILD_NETWORK_REFUSED with the line.
 */
export async function refuseInwardAdds(name: string, dockerfile: Uint8Array, reachable: readonly string[] = []): Promise<void> {
  const guard = createGuard(reachable);
  const parsed = parseDockerfile(dockerfile);
  for (const { instruction, scope } of stepsOf(parsed)) {
    if (instruction.keyword !== 'ADD') continue;
    const sources = wordsOf(instruction, parsed.escape, scope.lookup).slice(0, -1);
    for (const { value } of sources) {
      if (/^https?:\/\//i.test(value) && !(await isOutward(guard, value))) {
        throw failure('BUILD_NETWORK_REFUSED', `${name} line ${instruction.line}: ADD ${value.slice(0, 160)}: ${new InwardAddress().message}`);
      }
    }
  }
}

async function isOutward(guard: Guard, address: string): Promise<boolean> {
  if (!URL.canParse(address)) return true; // The builder refuses it in its own words.
  const { hostname, port, protocol } = new URL(address);
  const host = hostname.replaceAll(/^\[|\]$/g, '');
  try {
    guard.check(host, Number(port || (protocol === 'https:' ? 443 : 80)));
    await new Promise<void>((resolve, reject) => guard.lookup(host, {}, (error) => (error instanceof InwardAddress ? reject(error) : resolve())));
    return true;
  } catch (error) {
    if (error instanceof InwardAddress) return false;
    throw error;
  }
}
