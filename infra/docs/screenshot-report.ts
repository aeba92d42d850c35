/**
 * Draws docs/report.png: two windows of the report of examples/results/contest.json, light and dark side by side, by a headless Chromium
 * (CHROMIUM names it; `chromium` of the distribution otherwise). `node infra/docs/screenshot-report.ts [OUT.png]`
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { reportFiles } from '../../activities/report/write.ts';
import { readVersion } from '../../activities/attest/version.ts';
import { analyse } from '../../domain/analysis/index.ts';
import { parseResults } from '../../domain/results.ts';

const root = join(import.meta.dirname, '..', '..');
const size = { width: 860, height: 1_180 };
const options = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-component-update', '--no-first-run'];

/** A window of the report in one colour scheme, as PNG; its top, or where an element with the id begins. */
async function shoot(browser: Browser, report: string, colorScheme: 'light' | 'dark', id?: string): Promise<Buffer> {
  const context = await browser.newContext({ colorScheme, viewport: size, deviceScaleFactor: 1.5, offline: true });
  const page = await context.newPage();
  await page.setContent(report);
  if (id !== undefined) await page.evaluate(`document.getElementById('${id}').previousElementSibling.previousElementSibling.scrollIntoView()`);
  const picture = await page.screenshot();
  await context.close();
  return picture;
}

export function exampleReport(): string {
  const text = readFileSync(join(root, 'examples', 'results', 'contest.json'), 'utf8');
  const analysis = analyse(parseResults(text), { rule: 'contest-2023', seed: '1' });
  const sha256 = createHash('sha256').update(text).digest('hex');
  return reportFiles(analysis, { results: { name: 'contest.json', sha256 }, version: readVersion() })['report.html'] ?? '';
}

export function chromiumPath(): string {
  return process.env['CHROMIUM'] ?? '/usr/bin/chromium';
}

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath: chromiumPath(), args: options });
}

async function main(path: string): Promise<void> {
  const browser = await launch();
  try {
    const report = exampleReport();
    const [light, dark] = [await shoot(browser, report, 'light'), await shoot(browser, report, 'dark', 'stages')];
    const image = (picture: Buffer): string => `<img src="data:image/png;base64,${picture.toString('base64')}" width="${size.width}">`;
    const page = await browser.newPage({ viewport: { width: size.width * 2, height: size.height }, deviceScaleFactor: 1 });
    await page.setContent(`<body style="margin:0;display:flex">${image(light)}${image(dark)}</body>`);
    await page.screenshot({ path });
  } finally {
    await browser.close();
  }
}

if (import.meta.main) await main(process.argv[2] ?? join(root, 'docs', 'report.png'));
