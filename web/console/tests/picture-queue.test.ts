import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionError, type ProductImage, ShopProblem, type StaffClient, type UploadState } from '@buy-from-me/client';
import { PictureQueue } from '../src/picture-queue.ts';

const picture = (name: string, bytes = 10, type = 'image/png') => new File([new Uint8Array(bytes)], name, { type });
const IMAGE: ProductImage = { imageId: 'img_1', url: 'http://images/1', width: 10, height: 10, variants: [] };

/** Uploads that go as a test says, and what they were asked. */
function uploads(judge: (name: string) => Partial<UploadState> | Error = () => ({ status: 'ready', image: IMAGE })) {
  const sent: string[] = [];
  const keys: string[] = [];
  const asked: string[] = [];
  const broken: { next?: Error } = {};
  let open = 0;
  const calls: Pick<StaffClient['uploads'], 'send' | 'get'> = {
    send: async (_, file, options = {}) => {
      open += 1;
      assert.equal(open, 1, 'one at a time');
      const { name } = file as File;
      sent.push(name);
      keys.push(options.idempotencyKey ?? '');
      options.onProgress?.(5, 10);
      try {
        await new Promise((resolve) => setImmediate(resolve));
        options.signal?.throwIfAborted();
        if (broken.next) throw broken.next;
        return { uploadId: name, status: 'pending' };
      } finally {
        open -= 1;
      }
    },
    get: (uploadId) => {
      asked.push(uploadId);
      const state = judge(uploadId);
      if (state instanceof Error) return Promise.reject(state);
      return Promise.resolve({ uploadId, productId: 'prod_1', createdAt: '', status: 'pending', ...state } as UploadState);
    },
  };
  return { calls, sent, keys, asked, broken };
}

/** A queue that doesn't wait, its pauses, and the stages that its pictures came through. */
function queueOf(it: ReturnType<typeof uploads>) {
  const pauses: number[] = [];
  const queue = new PictureQueue(it.calls, 'prod_1', (pause) => {
    pauses.push(pause);
    return new Promise((resolve) => setImmediate(resolve));
  });
  const stages: string[] = [];
  queue.subscribe(() => {
    const now = queue.view.map(({ file, stage }) => `${file.name} ${stage.at}`).join(', ');
    if (stages.at(-1) !== now) stages.push(now);
  });
  return { queue, pauses, stages };
}

async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns++) {
    assert.ok(turns < 1000, 'never');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('several pictures are sent one after the other, each is judged, and its outcome is told', async () => {
  const shop = uploads((name) => (name === 'b' ? { status: 'rejected', reason: 'It is a letter.' } : { status: 'ready', image: IMAGE }));
  const { queue, stages } = queueOf(shop);
  queue.add([picture('a'), picture('b')]);
  await Promise.all([queue.send(), queue.send()]);
  await until(() => queue.view.every(({ stage }) => stage.at === 'ready' || stage.at === 'rejected'));
  assert.deepEqual(shop.sent, ['a', 'b']);
  assert.deepEqual(queue.view.map(({ stage }) => stage), [{ at: 'ready', image: IMAGE }, { at: 'rejected', reason: 'It is a letter.' }]);
  assert.deepEqual(stages.slice(0, 3), ['a chosen, b chosen', 'a sending, b chosen', 'a judging, b chosen']);
});

test('what the shop would refuse is not sent', async () => {
  const shop = uploads();
  const { queue } = queueOf(shop);
  queue.add([picture('notes', 10, 'text/plain'), picture('empty', 0), picture('good')]);
  await queue.send();
  assert.deepEqual(shop.sent, ['good']);
  assert.deepEqual(queue.view.map(({ stage }) => stage.at).slice(0, 2), ['wrong', 'wrong']);
});

test('a picture that failed is sent again under its key, and others go on', async () => {
  const shop = uploads();
  const { queue } = queueOf(shop);
  queue.add([picture('a')]);
  shop.broken.next = new ConnectionError(new Error('down'));
  await queue.send();
  assert.equal(queue.view[0]?.stage.at, 'failed');
  delete shop.broken.next;
  queue.add([picture('b')]);
  await queue.send();
  assert.deepEqual(shop.sent, ['a', 'a', 'b']);
  assert.equal(shop.keys[0], shop.keys[1]);
  assert.notEqual(shop.keys[1], shop.keys[2]);
});

test('a picture can be cancelled while it is sent, and taken off the list', async () => {
  const shop = uploads();
  const { queue } = queueOf(shop);
  queue.add([picture('a'), picture('b'), picture('c')]);
  const [a, b] = queue.view;
  const sending = queue.send();
  queue.cancel(a?.key ?? '');
  queue.remove(b?.key ?? '');
  await sending;
  assert.deepEqual(shop.sent, ['a', 'c']);
  assert.deepEqual(queue.view.map(({ file, stage }) => [file.name, stage.at])[0], ['a', 'cancelled']);
});

test('a shop that is away while it judges is asked again; one that knows no such upload is not', async () => {
  let away = 3;
  const shop = uploads((name) => {
    if (name === 'lost') return new ShopProblem({ status: 404, code: 'not-found', title: '', detail: '' });
    return away-- > 0 ? new ConnectionError(new Error('down')) : { status: 'ready', image: IMAGE };
  });
  const { queue } = queueOf(shop);
  queue.add([picture('a'), picture('lost')]);
  await queue.send();
  await until(() => queue.view.every(({ stage }) => stage.at === 'ready' || stage.at === 'failed'));
  assert.deepEqual(queue.view.map(({ stage }) => stage.at), ['ready', 'failed']);
  assert.deepEqual(shop.asked.filter((it) => it === 'lost').length, 1);
});

test('a picture that is not judged for long is said to be late, asked for slowly, and told of once it is judged', async () => {
  let isJudged = false;
  const shop = uploads(() => (isJudged ? { status: 'ready', image: IMAGE } : { status: 'pending' }));
  const { queue, pauses } = queueOf(shop);
  queue.add([picture('a')]);
  await queue.send();
  await until(() => pauses.at(-1) === 15_000);
  const [stage] = queue.view.map((it) => it.stage);
  assert.deepEqual(stage, { at: 'judging', late: true });
  assert.ok(shop.asked.length > 20 && shop.asked.length < 100, String(shop.asked.length));
  const asked = shop.asked.length;
  await until(() => shop.asked.length > asked + 5);
  assert.equal(pauses.at(-1), 15_000);
  isJudged = true;
  await until(() => queue.view[0]?.stage.at === 'ready');
});

test('a late picture that is taken off the list is not asked for any more', async () => {
  const shop = uploads(() => ({ status: 'pending' }));
  const { queue, pauses } = queueOf(shop);
  queue.add([picture('a')]);
  await queue.send();
  await until(() => pauses.at(-1) === 15_000);
  queue.remove(queue.view[0]?.key ?? '');
  assert.deepEqual(queue.view, []);
  const asked = shop.asked.length;
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(shop.asked.length <= asked + 1);
});

test('nothing is asked any more once the page is left', async () => {
  const shop = uploads(() => ({ status: 'pending' }));
  const { queue } = queueOf(shop);
  queue.add([picture('a')]);
  await queue.send();
  await until(() => shop.asked.length > 2);
  queue.close();
  const asked = shop.asked.length;
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(shop.asked.length <= asked + 1);
});
