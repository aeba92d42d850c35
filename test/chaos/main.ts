import { SetupError } from '../../infra/step.ts';
import { enterWorld } from './enter.ts';
import { optionsOf } from './options.ts';
import { printSummary } from './summary.ts';

/** `npm run chaos -- --minutes M --seed S [--kills N] [--verbose]`: prints one JSON document; exit code 0 where nothing was lost, doubled or wrong. */
async function main(): Promise<number> {
  try {
    const options = optionsOf(process.argv.slice(2));
    const summary = await enterWorld(options);
    printSummary(summary, options);
    return summary.holds ? 0 : 1;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`chaos: ${error.message}\nNext: ${error.nextStep}`);
    return 4;
  }
}

process.exitCode = await main();
