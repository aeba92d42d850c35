import { describe, expect, it } from 'vitest';
import { run } from '../../../activities/io/subprocess.ts';

describe('a subprocess', () => {
  it('gives back its output and its exit code, whatever that is', async () => {
    expect(await run('sh', ['-c', 'echo out; echo err >&2; exit 3'])).toEqual({ stdout: 'out\n', stderr: 'err\n', exitCode: 3 });
  });

  it('sees none of our environment but what is passed on', async () => {
    process.env['REPRISE_SECRET_TEST'] = 'hidden';
    const { stdout } = await run('env', [], { env: { GIVEN: '1' } });
    delete process.env['REPRISE_SECRET_TEST'];
    expect(stdout).toContain('GIVEN=1');
    expect(stdout).toContain('PATH=');
    expect(stdout).not.toContain('hidden');
  });

  it.each([
    ['is not installed', 'no-such-program', [], {}, /ENOENT/],
    ['takes too long', 'sleep', ['9'], { timeoutMs: 50 }, /timed out/],
    ['says too much', 'yes', [], { maxOutputBytes: 1_000 }, /larger than/],
  ])('that %s is a failure that names it', async (_, command, args, options, words) => {
    await expect(run(command, args, options)).rejects.toMatchObject({ type: 'PLATFORM_ERROR', message: expect.stringMatching(words) });
  });

  it('ends when it is cancelled', async () => {
    await expect(run('sleep', ['9'], { signal: AbortSignal.timeout(50) })).rejects.toMatchObject({ name: 'TimeoutError' });
  });
});
