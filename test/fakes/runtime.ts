import { DefaultLogger, Runtime } from '@temporalio/worker';

/** The SDK's own messages only where something is wrong; once a process. */
Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter: 'ERROR', forward: {} } } });
