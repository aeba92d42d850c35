import { SetupError } from '../../infra/step.ts';
import { enterWorld } from './enter.ts';
import { optionsOf } from './options.ts';
import { printSummary } from './summary.ts';

/** `npm run chaos -- --minutes M --seed S [--kills N]`: prints one JSON document; exit code 0 where nothing was lost, doubled or wrong. */
async function main(): Promise<number> {
  try {
    const summary = await enterWorld(optionsOf(process.argv.slice(2)));
    printSummary(summary);
    return summary.holds ? 0 : 1;
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`chaos: ${error.message}\nNext: ${error.nextStep}`);
    return 4;
  }
}

process.exitCode = await main();
