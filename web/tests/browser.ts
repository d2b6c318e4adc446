// Opens the pages in Chromium, and fails a test on whatever a page must never do.
import assert from 'node:assert/strict';
import { type TestContext, after, test } from 'node:test';
import { type Browser, type BrowserContext, type BrowserContextOptions, type ConsoleMessage, type Page, chromium } from 'playwright-core';

/** How long a page may take to show something, in milliseconds. */
const PATIENCE = 15_000;

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

let browser: Promise<Browser> | undefined;

/** Ends the browser. */
export async function closeBrowser(): Promise<void> {
  await (await browser)?.close();
  browser = undefined;
}

/** Starts the browser, once for all tests of a file. */
export function openBrowser(): Promise<Browser> {
  browser ??= chromium.launch({
    executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium',
    args: ARGUMENTS,
    // Going back must meet what browsers do: take a page as it was left out of their cache.
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });
  return browser;
}

/** One person's browser: its tabs share what tabs share. */
export class Visitor {
  readonly #mistakes: string[] = [];
  readonly #expected: { pattern: RegExp; seen: boolean }[] = [];
  /** Pictures that were refused, as those of a product just published are for a moment. */
  readonly #refused = new Set<string>();

  private constructor(readonly context: BrowserContext) {
    context.setDefaultTimeout(PATIENCE);
    context.on('console', (message) => this.#hear(message));
    context.on('weberror', (error) => this.#complain(`page error: ${error.error().stack}`));
    context.on('request', (request) => {
      const { protocol, hostname } = new URL(request.url());
      const isLocal = ['data:', 'blob:'].includes(protocol) || ['127.0.0.1', 'localhost'].includes(hostname);
      if (!isLocal) this.#mistakes.push(`request to ${request.url()}`);
    });
  }

  static async arrive(options: BrowserContextOptions = {}): Promise<Visitor> {
    const context = await (await openBrowser()).newContext({
      viewport: { width: 1280, height: 800 },
      locale: 'en-GB',
      timezoneId: 'UTC',
      reducedMotion: 'reduce',
      ...options,
    });
    return new Visitor(context);
  }

  /** Opens a tab. */
  async tab(url?: string): Promise<Page> {
    const page = await this.context.newPage();
    if (url) await page.goto(url);
    return page;
  }

  /**
   * Says what this test makes the page write to the console as an error: once at least,
   * or the test fails. A violation of the page's policy is never expected.
   */
  expectsError(pattern: RegExp): void {
    this.#expected.push({ pattern, seen: false });
  }

  /** Says that an answer of this status is what the test is about: Chromium reports it as an error. */
  expectsStatus(status: number): void {
    this.expectsError(new RegExp(`server responded with a status of ${status}\\b`));
  }

  /** Says that requests of this visitor will fail: Chromium reports them as errors. */
  expectsNoAnswer(): void {
    this.expectsError(/net::ERR_/);
  }

  /** Closes all tabs; fails if a page did something that it must not, or not what was expected. */
  async leave(): Promise<void> {
    await this.context.close();
    for (const { pattern, seen } of this.#expected) {
      if (!seen) this.#mistakes.push(`expected in the console, and never seen: ${pattern}`);
    }
    for (const url of this.#refused) {
      const { status } = await fetch(url, { method: 'HEAD' });
      if (status !== 200) this.#mistakes.push(`a picture that is refused: ${url}`);
    }
    assert.deepEqual(this.#mistakes, [], 'mistakes of the page');
  }

  #hear(message: ConsoleMessage): void {
    const { url, lineNumber } = message.location();
    const isViolation = /Content.Security.Policy|violates/i.test(message.text());
    if (message.type() !== 'error' && !isViolation) return;
    if (/status of 403\b/.test(message.text()) && url.includes('/ecommerce-products/')) {
      this.#refused.add(url);
      return;
    }
    this.#complain(`${message.text()} (${url}:${lineNumber})`, isViolation);
  }

  #complain(text: string, isViolation = false): void {
    const expected = this.#expected.filter(({ pattern }) => pattern.test(text));
    for (const it of expected) it.seen = true;
    if (isViolation || expected.length === 0) this.#mistakes.push(text);
  }
}

/** What a test of the pages is given. */
export interface Given {
  readonly t: TestContext;
  /** Lets another person come, with a browser of their own. */
  visitor(options?: BrowserContextOptions): Promise<Visitor>;
}

let closes = false;

/** A test in the browser. If it fails it tells what its pages showed. */
export function pageTest(name: string, run: (given: Given) => Promise<void>): void {
  if (!closes) after(closeBrowser);
  closes = true;
  void test(name, async (t) => {
    const visitors: Visitor[] = [];
    const visitor = async (options?: BrowserContextOptions) => {
      const arrived = await Visitor.arrive(options);
      visitors.push(arrived);
      return arrived;
    };
    try {
      await run({ t, visitor });
    } catch (error) {
      for (const { context } of visitors) for (const page of context.pages()) t.diagnostic(await shown(page));
      await Promise.allSettled(visitors.map((it) => it.leave())).then((all) => {
        for (const it of all) if (it.status === 'rejected') t.diagnostic(String(it.reason));
      });
      throw error;
    }
    for (const it of visitors) await it.leave();
  });
}

async function shown(page: Page): Promise<string> {
  const snapshot = await page.locator('body').ariaSnapshot({ timeout: 2000 }).catch(String);
  return `${page.url()}\n${snapshot}`;
}

/** Waits until something holds, and fails as it failed last. */
export async function eventually<Value>(check: () => Value | Promise<Value>, patience = PATIENCE): Promise<Value> {
  const begun = performance.now();
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() - begun > patience) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
