import { DefaultLogger, type Logger as TemporalLogger } from '@temporalio/worker';
import { pino, type Logger } from 'pino';
import type { Config } from '../infra/config.ts';

/** JSON lines on stdout; whoever started the worker keeps them. No line holds a secret that `mask` knows. */
export function createLogger(config: Pick<Config, 'logLevel' | 'host'>, mask: (line: string) => string): Logger {
  const destination = pino.destination(1);
  // What finds no room on a full disk is lost; the worker goes on, for the work may find room elsewhere, or later.
  destination.on('error', () => undefined);
  const masked = { write: (line: string) => void destination.write(mask(line)) };
  return pino({ level: config.logLevel, base: { host: config.host }, serializers: { error: pino.stdSerializers.err } }, masked);
}

/** The SDK's own messages, in the same lines. */
export function temporalLogger(logger: Logger): TemporalLogger {
  return new DefaultLogger('INFO', ({ level, message, meta }) => {
    const fields = meta ?? {};
    if (level === 'ERROR') logger.error(fields, message);
    else if (level === 'WARN') logger.warn(fields, message);
    else if (level === 'INFO') logger.info(fields, message);
    else logger.debug(fields, message);
  });
}
