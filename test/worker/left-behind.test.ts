import { expect, it } from 'vitest';
import { hasEnded, workerIdentity } from '../../worker/left-behind.ts';

const own = workerIdentity('host-1').split(' ');
const [, namespace = '', pid = '', startedBy = ''] = own;

it.each([
  ['lives', own, false],
  ['had the number of this process before it', ['host-1', namespace, pid, `${startedBy}0`], true],
  ['has no process any more', ['host-1', namespace, '4194305', startedBy], true],
  ['is of another host', ['host-2', namespace, '4194305', startedBy], false],
  ['is of another container', ['host-1', 'pid:[1]', '4194305', startedBy], false],
  ['bears a name that is not ours', ['4711@host-1'], false],
])('a worker that %s is judged so', (_what, identity, ended) => {
  expect(hasEnded(identity.join(' '), 'host-1')).toBe(ended);
});
