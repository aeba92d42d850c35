import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { reportFiles } from '../../../activities/report/write.ts';
import { withFixedColours } from '../../../activities/report/palette.ts';
import { analyse, type Analysis } from '../../../domain/analysis/index.ts';
import { parseResults, type Results } from '../../../domain/results.ts';
import { ensureProgram } from '../../fixtures/debian-package.ts';
import { chromiumPath, exampleReport, launch } from '../../../infra/docs/screenshot-report.ts';

const source = { results: { name: 'contest.json', sha256: '0'.repeat(64) }, version: '0.0.0' };
const example = parseResults(readFileSync(join(import.meta.dirname, '../../../examples/results/contest.json'), 'utf8'));
const analysisOf = (results = example): Analysis => analyse(results, { rule: 'contest-2023', seed: '1', bootstrap: 200 });

describe('the files of a report', () => {
  const files = reportFiles(analysisOf(), source);
  const html = files['report.html'] ?? '';

  test('are the page, the analysis, a table and a figure each', () => {
    expect(Object.keys(files).filter((path) => path.startsWith('data/')).length).toBe(8);
    expect(Object.keys(files).filter((path) => path.startsWith('figures/')).length).toBe(7);
    expect(JSON.parse(files['analysis.json'] ?? '')).toEqual(JSON.parse(JSON.stringify(analysisOf())));
  });

  test('are the same bytes for the same analysis', () => expect(reportFiles(analysisOf(), source)).toEqual(files));

  test('name nothing to fetch', () => {
    expect(html.replaceAll(/xmlns(:\w+)?="[^"]*"/g, '')).not.toMatch(/https?:|src=|@import|url\(|<script|<link rel="(?!icon)/);
  });

  test('give figures for programs that know no custom properties', () => {
    for (const [path, text] of Object.entries(files)) if (path.endsWith('.svg')) expect(text, path).not.toContain('var(');
    expect(withFixedColours('fill="var(--blue)"')).toBe('fill="#0072b2"');
  });

  test('quote what CSV needs quoted', () => {
    const odd = { ...example, models: example.models.map((model) => (model.id === 'elder' ? { ...model, id: 'el"d,er' } : model)) };
    delete odd.items;
    expect(reportFiles(analysisOf(odd), source)['data/ranking.csv']).toContain('\n1,"el""d,er",');
  });

  test('hold a model’s name as text, whatever it looks like', () => {
    const odd = { ...example, models: example.models.map((model) => (model.id === 'elder' ? { ...model, id: '<script>alert(1)</script>' } : model)) };
    delete odd.items;
    expect(reportFiles(analysisOf(odd), source)['report.html']).not.toContain('<script');
  });

  test('leave out what the table does not hold', () => {
    const plain = parseResults(
      JSON.stringify({
        schema: 'reprise.results/v1',
        columns: [{ id: 'x', scenario: 'x', stage: 'open', better: 'higher' }],
        models: [{ id: 'one', values: { x: 0.5 } }, { id: 'two', values: { x: null } }],
      }),
    );
    const few = reportFiles(analyse(plain, { rule: 'helm', seed: '1' }), source);
    expect(Object.keys(few).filter((path) => path.startsWith('figures/'))).toEqual(['figures/ranking.svg']);
    expect(few['report.html']).not.toContain('NaN');
  });
});

const colour = (page: Page, selector: string, property: string): Promise<string> => page.evaluate(`getComputedStyle(document.querySelector('${selector}'))['${property}']`);

/** 24 models with the names that teams give, in twelve scenarios, some of them alike to the last digit. */
function crowded(): Results {
  const ids = Array.from({ length: 24 }, (_, index) => `Team Number ${index}, LoRA-ensemble-with-a-very-long-name-v${index}`);
  const scenarios = Array.from({ length: 12 }, (_, index) => `a scenario of a long name ${index}`);
  return parseResults(
    JSON.stringify({
      schema: 'reprise.results/v1',
      columns: scenarios.map((id, index) => ({ id, scenario: id, stage: index % 2 ? 'open' : 'closed', better: 'higher' })),
      models: ids.map((id, model) => ({ id, values: Object.fromEntries(scenarios.map((name, scenario) => [name, Math.round(((model * 7 + scenario * 5) % 24) / 3) / 8])), trainingMs: (model + 1) * 3_000_000 })),
    }),
  );
}

/** The page as Chromium draws it; CHROMIUM names another one. */
describe('the report in a browser', () => {
  let browser: Browser;
  let html: string;
  beforeAll(async () => {
    html = exampleReport();
    await ensureProgram([chromiumPath()], 'chromium');
    browser = await launch();
  }, 300_000);
  afterAll(() => browser?.close());

  async function opened(options: { colorScheme?: 'light' | 'dark'; width?: number; content?: string }, use: (page: Page) => Promise<void>): Promise<string[]> {
    const context = await browser.newContext({ colorScheme: options.colorScheme ?? 'light', viewport: { width: options.width ?? 900, height: 900 }, offline: true });
    const page = await context.newPage();
    const complaints: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => request.url().startsWith('data:') || complaints.push(`asked for ${request.url()}`));
    await page.setContent(options.content ?? html);
    await use(page);
    await context.close();
    return complaints;
  }

  test.each([
    ['light', 'rgb(255, 255, 255)', 'rgb(0, 114, 178)'],
    ['dark', 'rgb(19, 23, 28)', 'rgb(86, 180, 233)'],
  ] as const)('follows the %s scheme, figures included, without a complaint or a request', async (colorScheme, surface, blue) => {
    const complaints = await opened({ colorScheme }, async (page) => {
      expect(await colour(page, 'body', 'backgroundColor')).toBe(surface);
      expect(await colour(page, '#ranking .wide circle', 'fill')).toBe(blue);
    });
    expect(complaints).toEqual([]);
  });

  test.each([320, 375, 768, 1_280])('at %i pixels does not scroll sideways and shows each figure once, whole', async (width) => {
    await opened({ width }, async (page) => {
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
      const figures = await page.locator('figure svg:visible').all();
      expect(figures.length).toBe(7);
      for (const figure of figures) {
        const box = await figure.boundingBox();
        expect((box?.x ?? -1) >= 0 && (box?.x ?? 0) + (box?.width ?? Infinity) <= width + 1).toBe(true);
      }
    });
  });

  test.each([
    ['the example', () => html],
    ['many models of long names', () => reportFiles(analysisOf(crowded()), source)['report.html'] ?? ''],
  ])('has no label of a figure cut off or upon another: %s', async (_name, content) => {
    for (const width of [375, 900]) {
      await opened({ width, content: content() }, async (page) => {
        const boxes = (await page.evaluate(
          `[...document.querySelectorAll('figure svg text')].filter((text) => text.checkVisibility() && text.textContent.trim() && !/rotate/.test(text.getAttribute('transform'))).map((text) => { const box = text.getBoundingClientRect(); return { label: text.textContent, figure: text.closest('figure').id, left: box.left, right: box.right, top: box.top + window.scrollY, bottom: box.bottom + window.scrollY }; }).filter(({ figure }) => figure !== 'training-time')`,
        )) as { label: string; figure: string; left: number; right: number; top: number; bottom: number }[];
        // Points of training time lie where their values are, even upon each other.
        expect(boxes.length).toBeGreaterThan(80);
        for (const box of boxes) expect(box.left >= -1 && box.right <= width + 1, `${box.figure}: ${box.label} at ${width} px`).toBe(true);
        for (const [index, one] of boxes.entries()) {
          const other = boxes.slice(index + 1).find((each) => each.figure === one.figure && Math.min(each.right, one.right) - Math.max(each.left, one.left) > 2 && Math.min(each.bottom, one.bottom) - Math.max(each.top, one.top) > 4);
          expect(other && `${one.figure}: "${one.label}" and "${other.label}" at ${width} px`).toBeUndefined();
        }
      });
    }
  });

  test('prints in black on white, also from a dark screen', async () => {
    await opened({ colorScheme: 'dark' }, async (page) => {
      await page.emulateMedia({ media: 'print' });
      expect(await colour(page, 'body', 'backgroundColor')).toBe('rgb(255, 255, 255)');
      expect((await page.pdf({ format: 'A4' })).subarray(0, 5).toString()).toBe('%PDF-');
    });
  });
});
