import { handleInterruptions } from './interrupt.ts';
import { main } from './program.ts';

handleInterruptions();

// Set rather than called, so that what is still being written to a pipe gets out.
process.exitCode = await main(process.argv.slice(2));
