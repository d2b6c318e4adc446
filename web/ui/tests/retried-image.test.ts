import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { h, options, render } from 'preact';
import { RetriedImage } from '../src/retried-image.tsx';
import { FakeElement, fakeDocument } from './fake-document.ts';

/** A page with one picture, which asks for it in vain if it is `refused`. */
class Page {
  readonly asked: string[] = [];
  readonly #body = new FakeElement('body', (element, name) => {
    if (name === 'src') this.#load(element);
  });
  readonly #timers: TestContext['mock']['timers'];

  constructor({ mock }: TestContext, private readonly refused: string) {
    this.#timers = mock.timers;
    this.#timers.reset();
    this.#timers.enable({ apis: ['setTimeout'] });
    fakeDocument(this.#body);
    // Effects run in the time of this page alone.
    options.requestAnimationFrame = (run) => void setTimeout(run);
  }

  /** Shows the picture of an address, and waits for what follows at once. */
  async show(src: string, fallback: string | undefined): Promise<void> {
    render(h(RetriedImage, { src, alt: '', width: 1, height: 1, fallback }), this.#body as unknown as Element);
    await this.pass(100);
  }

  /** Lets time pass. */
  async pass(milliseconds: number): Promise<void> {
    for (let passed = 0; passed < milliseconds; passed += 20) {
      this.#timers.tick(20);
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  get image(): FakeElement | undefined {
    return this.#body.childNodes.find((it) => it.localName === 'img');
  }

  #load(element: FakeElement): void {
    const src = element.getAttribute('src') ?? '';
    this.asked.push(src);
    if (src === this.refused && this.asked.length < 100) setImmediate(() => element.dispatch('error'));
  }
}

for (const fallback of [undefined, 'no picture']) {
  const has = fallback === undefined ? 'has nothing' : 'has something';

  test(`a picture that is always refused and ${has} in its place is asked for four times, with pauses`, async (t) => {
    const page = new Page(t, 'a');
    await page.show('a', fallback);
    for (const [index, pause] of [1000, 3000, 10_000].entries()) {
      await page.pass(pause - 500);
      assert.equal(page.asked.length, index + 1);
      await page.pass(600);
      assert.equal(page.asked.length, index + 2);
    }
    await page.pass(60_000);
    assert.deepEqual(page.asked, ['a', 'a', 'a', 'a']);
  });

  test(`a refused picture that comes back after another and ${has} in its place is asked for with the same pauses`, async (t) => {
    const page = new Page(t, 'a');
    await page.show('a', fallback);
    await page.pass(60_000);
    await page.show('b', fallback);
    const seen = page.image;
    page.asked.length = 0;
    await page.show('a', fallback);
    assert.deepEqual(page.asked, ['a']);
    if (fallback === undefined) assert.equal(page.image, seen, 'what was seen stays until there is another');
    await page.pass(60_000);
    assert.deepEqual(page.asked, ['a', 'a', 'a', 'a']);
  });
}

test('an image that fails once more while it waits is not asked for any sooner', async (t) => {
  const page = new Page(t, 'a');
  await page.show('a', undefined);
  page.image?.dispatch('error');
  await page.pass(100);
  assert.deepEqual(page.asked, ['a']);
  await page.pass(60_000);
  assert.equal(page.asked.length, 4);
});
