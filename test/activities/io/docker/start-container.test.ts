import type Docker from 'dockerode';
import type { Container } from 'dockerode';
import { expect, it } from 'vitest';
import { removeNetwork } from '../../../../activities/io/docker/networks.ts';
import { startContainer } from '../../../../activities/io/docker/start-container.ts';

const refusal = (statusCode: number, message: string): Error => Object.assign(new Error(`(HTTP code ${statusCode}) unexpected - ${message}`), { statusCode });
/** As engine 20.10 words them. */
const taken = refusal(403, 'endpoint with name reprise-r-build-relay already exists in network none');
const foreign = refusal(403, 'endpoint with name web already exists in network shop');
const active = refusal(403, 'error while removing network: network reprise-r-train id 1 has active endpoints');

/** An engine that answers the calls of one kind with these errors, one after the other, and then does as it is told. */
function engine(errors: Error[]): { docker: Docker; container: Container; asked: string[] } {
  const asked: string[] = [];
  const answer = async (call: string): Promise<void> => {
    asked.push(call);
    const error = errors.shift();
    if (error) throw error;
  };
  const getNetwork = (name: string): object => ({
    remove: () => answer(`remove ${name}`),
    disconnect: async ({ Container, Force }: { Container: string; Force: boolean }) => void asked.push(`disconnect ${Container} from ${name}${Force ? ' by force' : ''}`),
    inspect: async () => ({ Containers: { 1: { Name: 'reprise-r-train-door' } } }),
  });
  return { docker: { getNetwork } as unknown as Docker, container: { start: () => answer('start') } as unknown as Container, asked };
}

it.each<[string, Error[], string[], Error?]>([
  ['is started', [], ['start']],
  ['is started in the place that one before it has kept in the network', [taken], ['start', 'disconnect reprise-r-build-relay from none by force', 'start']],
  ['is not, where that does not help', [taken, taken], ['start', 'disconnect reprise-r-build-relay from none by force', 'start'], taken],
  ['takes nobody else’s place', [foreign], ['start'], foreign],
  ['is not, where the engine refuses it for another reason', [refusal(500, 'no')], ['start'], refusal(500, 'no')],
])('a container %s', async (_, errors, expected, thrown) => {
  const { docker, container, asked } = engine([...errors]);
  expect(await startContainer(docker, container).catch((error: unknown) => error)).toEqual(thrown);
  expect(asked).toEqual(expected);
});

it.each<[string, Error[], string[]]>([
  ['is removed', [], ['remove n']],
  ['may be gone', [refusal(404, 'no such network')], ['remove n']],
  ['is removed with what an engine kept in it', [active], ['remove n', 'disconnect reprise-r-train-door from n by force', 'remove n']],
])('a network %s', async (_, errors, expected) => {
  const { docker, asked } = engine([...errors]);
  await removeNetwork(docker, 'n');
  expect(asked).toEqual(expected);
});
