/**
 * `npm run screenshot -- RUN`: pictures of a run in the Temporal UI for the README, taken with headless Chromium: its timeline
 * (docs/run.png) and its current details (docs/details.png).
 */
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { connect } from '../../cli/connection.ts';
import { findRun } from '../../cli/runs.ts';
import { readConfig } from '../config.ts';

const [name] = process.argv.slice(2);
if (name === undefined) throw new Error('which run? npm run screenshot -- RUN');
const documents = join(import.meta.dirname, '..', '..', 'docs');
const reprise = await connect(readConfig());
const { uiUrl } = await findRun(reprise, name);
await reprise.close();

const browser = await chromium.launch({
  executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1440, height: 1400 }, deviceScaleFactor: 1, colorScheme: 'light' });
  for (const [view, file] of [['timeline', 'run.png'], ['user-metadata', 'details.png']] as const) {
    await page.goto(uiUrl.replace(/history$/, view));
    // The UI polls for ever, so there is no quiet network to wait for.
    await page.waitForTimeout(4_000);
    await page.screenshot({ path: join(documents, file) });
  }
} finally {
  await browser.close();
}
