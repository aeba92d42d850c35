import { DefaultLogger, type Logger as TemporalLogger } from '@temporalio/worker';
import { pino, type Logger } from 'pino';
import type { Config } from '../infra/config.ts';

/** JSON lines on stdout; whoever started the worker keeps them. */
export function createLogger(config: Pick<Config, 'logLevel' | 'host'>): Logger {
  const destination = pino.destination(1);
  // What finds no room on a full disk is lost; the worker goes on, for the work may find room elsewhere, or later.
  destination.on('error', () => undefined);
  return pino({ level: config.logLevel, base: { host: config.host }, serializers: { error: pino.stdSerializers.err } }, destination);
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
