import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTexts } from '../check.mjs';

const finds = (jsx: string) => findTexts(`const it = ${jsx};`).length;

test('finds text that stands in a page', () => {
  assert.equal(finds('<p>Hello</p>'), 1);
  assert.equal(finds('<p>{"Hello"}</p>'), 1);
  assert.equal(finds('<p>{busy ? "Wait" : text.go}</p>'), 1);
  assert.equal(finds('<p>{busy && "Wait"}</p>'), 1);
  assert.equal(finds('<p>{`${count} things`}</p>'), 1);
  assert.equal(finds('<a aria-label="Cart" />'), 1);
  assert.equal(finds('<Field label={"Name"} />'), 1);
  assert.equal(finds('<p title={`${name} is here`} />'), 1);
  assert.equal(finds('() => announce("Done")'), 1);
});

test('takes what no reader sees for no text', () => {
  assert.equal(finds('<p class="quiet" id="lead">{text.lead}</p>'), 0);
  assert.equal(finds('<p>{state === "ready" ? text.ready : text.wait}</p>'), 0);
  assert.equal(finds('<p>{`${first} – ${last}`}</p>'), 0);
  assert.equal(finds('<li>{count} × {price}</li>'), 0);
  assert.equal(finds('<ul>{list.filter((it) => it.state === "open").map((it) => <li>{it.name}</li>)}</ul>'), 0);
});
