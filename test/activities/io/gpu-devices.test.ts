import { expect, it } from 'vitest';
import { parseHealth, parseXids } from '../../../activities/io/gpu-devices.ts';

it.each([
  ['GPU-1, 97, 30123, 287.31', { healthy: true, sample: { share: 0.97, memoryBytes: 30_123 * 1024 ** 2, powerWatts: 287.31 } }],
  ['GPU-1, 0, 0, [N/A]', { healthy: true, sample: { share: 0, memoryBytes: 0, powerWatts: null } }],
  ['GPU-1, [N/A], 12, [Not Supported]', { healthy: true, sample: { share: 0, memoryBytes: 12 * 1024 ** 2, powerWatts: null } }],
  ['GPU-1, [GPU requires reset], [GPU requires reset], 20', { healthy: false, problem: 'nvidia-smi says [GPU requires reset] for GPU-1' }],
  ['GPU-1, ERR!, 12, 20', { healthy: false, problem: 'nvidia-smi says ERR! for GPU-1' }],
  ['GPU-1, [Unknown Error], 12, 20', { healthy: false, problem: 'nvidia-smi says [Unknown Error] for GPU-1' }],
  ['No devices were found', { healthy: false, problem: 'nvidia-smi does not list GPU-1' }],
])('reads %j', (line, health) => {
  expect(parseHealth(`${line}\n`, 'GPU-1')).toEqual(health);
});

it('finds the errors after which a device is of no use, since an instant', () => {
  const log = [
    '2026-01-01T00:00:00,000000+00:00 NVRM: Xid (PCI:0000:65:00): 79, pid=1, GPU has fallen off the bus.',
    '2026-01-02T00:00:00,000000+00:00 NVRM: Xid (PCI:0000:65:00): 31, pid=1, MMU Fault',
    '2026-01-03T00:00:00,000000+00:00 NVRM: Xid (PCI:0000:65:00): 48, pid=1, DBE',
  ].join('\n');
  expect(parseXids(log, Date.parse('2026-01-01T12:00:00Z'))).toContain(': 48,');
  expect(parseXids(log, Date.parse('2026-01-03T12:00:00Z'))).toBeUndefined();
});
