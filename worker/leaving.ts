import type { Logger } from 'pino';

/**
 * Ends this process so long after one of `signals`, in milliseconds, whatever it still waits for: an engine, a device or a server
 * that does not answer holds a worker up for minutes, and with it the next one, which is started when this one is gone. What is
 * broken off by it is what a SIGKILL breaks off at any time.
 */
export function leaveInTime(signals: readonly NodeJS.Signals[], withinMs: number, logger: Logger): void {
  const leave = (): void => {
    logger.warn({ waitsFor: process.getActiveResourcesInfo() }, 'left before everything had ended');
    process.exit();
  };
  for (const signal of signals) process.once(signal, () => setTimeout(leave, withinMs).unref());
}
