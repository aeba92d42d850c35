import type { Report } from '../infra/step.ts';
import { formatDuration } from '../workflows/details.ts';
import { paint, say } from './terminal.ts';

/** Set-up as lines on stderr: what is done, what is waited for and how long. What was good already is not worth a line. */
export function reportSetUp(): Report {
  return (event) => {
    switch (event.type) {
      case 'good':
        return;
      case 'started':
        return say(`${paint('cyan', '▶')} ${event.step}: ${event.problem}`);
      case 'waiting':
        return say(paint('dim', `  ${event.step}: ${event.waitingFor} (${formatDuration(event.elapsedMs)})`));
      case 'finished':
        return say(`${paint('green', '✓')} ${event.step} (${formatDuration(event.elapsedMs)})`);
      case 'failed':
        return say(`${paint('red', '✗')} ${event.step}: ${event.problem}`);
    }
  };
}
