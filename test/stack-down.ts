import { readConfig } from '../infra/config.ts';
import { down } from '../infra/stack.ts';
import { testStackEnvironment } from './stack-environment.ts';

// What an interrupted test run leaves behind, with the engine if the tests started it. `.ci/run` calls this last.
await down(readConfig({ ...process.env, ...testStackEnvironment }), undefined, { engine: true });
