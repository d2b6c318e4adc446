import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ConnectionError, ShopProblem } from '@buy-from-me/client';
import { explain } from '../src/failure.tsx';
import { LONGEST_PAUSE_MS, retryDelay, secondsToWait } from '../src/retry.ts';

const problem = (status: number, retryAfter?: number) =>
  new ShopProblem({ status, code: 'unavailable', title: '', detail: '' }, retryAfter);

test('what fails because the shop is away or busy is tried again when it asks for that', () => {
  assert.equal(retryDelay(new ConnectionError('gone')), 3000);
  assert.equal(retryDelay(problem(503)), 3000);
  assert.equal(retryDelay(problem(503, 0)), 1000);
  assert.equal(retryDelay(problem(429, 20)), 20_000);
  assert.equal(retryDelay(problem(404)), undefined);
  assert.equal(retryDelay(new Error('a mistake of the page')), undefined);
});

test('a wait that nobody would wait for is cut short, and never overflows a timer', () => {
  for (const asked of [2_147_484, 9_999_999, 1e20, Infinity]) {
    assert.equal(retryDelay(problem(503, asked)), LONGEST_PAUSE_MS);
    assert.equal(secondsToWait(problem(429, asked), 60), 86_400);
  }
  assert.equal(secondsToWait(problem(429, NaN), 60), 60);
  assert.equal(secondsToWait(problem(429, -5), 60), 0);
  assert.equal(secondsToWait(problem(429, 900), 60), 900);
});

test('what is said of a wait is a number that people can read', async () => {
  const { text } = await explain(problem(429, Infinity), '');
  assert.match(text, /1440 minutes/);
});
