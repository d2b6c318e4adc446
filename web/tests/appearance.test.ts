// What everybody needs of every page: that it can be read, also aloud, and fits the window.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { eventually, pageTest } from './browser.ts';
import { consolePages, customersPages, type Look, openPages } from './pages.ts';

const WIDTHS = [360, 768, 1280, 1600];
/** Widths at which axe looks, and the scheme in which it tries all its rules: in the other one only colours differ. */
const AXE_WIDTHS = new Map([
  [360, 'dark'],
  [1280, 'light'],
]);

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** Returns what axe finds serious or critical, by all its rules or by that of contrast. */
async function seriousFindings(page: Page, rules: 'all' | 'contrast'): Promise<string[]> {
  // As the browser's own code, which no policy of the page concerns.
  await page.evaluate(`if (!globalThis.axe) { ${axe} }`);
  const options = { resultTypes: ['violations'], ...(rules === 'contrast' && { runOnly: ['color-contrast'] }) };
  const { violations } = await page.evaluate(
    (it) => (globalThis as unknown as { axe: { run(options: object): Promise<AxeResults> } }).axe.run(it),
    options,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map((it) => `${it.html} ${it.failureSummary}`).join('; ')}`);
}

/** Returns what reaches past the right edge of the window, if the page scrolls sideways. */
async function overflow(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth <= clientWidth) return [];
    const wide = [...document.querySelectorAll('body *')].filter((it) => it.getBoundingClientRect().right > clientWidth + 1);
    return [`${scrollWidth} > ${clientWidth}`, ...wide.slice(0, 5).map((it) => it.outerHTML.slice(0, 120))];
  });
}

/**
 * Shows a page in a colour scheme. Chromium tells the page's media queries of it at once and its
 * colours later: axe, which reads some of them twice, must not run in between.
 */
async function showIn(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
  await eventually(async () => {
    const background = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const [red = NaN, green = NaN, blue = NaN] = (background.match(/\d+/g) ?? []).map(Number);
    assert.equal((red + green + blue) / 3 < 128 ? 'dark' : 'light', colorScheme, background);
  });
}

/** Makes a look that notes what is wrong, in both schemes and at every width. */
function inspector(): { look: Look; findings: string[] } {
  const findings: string[] = [];
  const look: Look = async (state, page) => {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: 800 });
      const wide = await overflow(page);
      if (wide.length > 0) findings.push(`${state}, ${width} px wide: it scrolls sideways: ${wide.join(' ')}`);
      if (!AXE_WIDTHS.has(width)) continue;
      for (const colorScheme of ['light', 'dark'] as const) {
        const rules = AXE_WIDTHS.get(width) === colorScheme ? 'all' : 'contrast';
        await showIn(page, colorScheme);
        const found = await seriousFindings(page, rules);
        for (const it of found) findings.push(`${state}, ${width} px wide, ${colorScheme}: ${it}`);
      }
    }
  };
  return { look, findings };
}

const PAGES = { 'anybody’s pages': openPages, 'a customer’s pages': customersPages, 'the console’s pages': consolePages };
for (const [name, show] of Object.entries(PAGES)) {
  pageTest(`${name} can be read by everybody, and fit the window`, async ({ visitor }) => {
    const { look, findings } = inspector();
    await show(await visitor(), look);
    assert.deepEqual(findings, []);
  });
}
