// The search itself: a search that finds nothing anywhere would pass every suite that trusts it.
import assert from 'node:assert/strict';
import test from 'node:test';
import { search } from '../lib/bytes.mjs';

const VALUE = 'Jane.Roe+shop@example.com';
const HIDING_PLACES = {
  plain: `{"email":"${VALUE}"}`,
  lower: VALUE.toLowerCase(),
  'in a query': `?e=${encodeURIComponent(VALUE)}`,
  hex: Buffer.from(VALUE).toString('hex'),
  'utf-16': Buffer.from(VALUE, 'utf16le'),
  'base64 alone': Buffer.from(VALUE).toString('base64'),
  'base64 after one byte': Buffer.from(`x${VALUE}`).toString('base64'),
  'base64 after two bytes': Buffer.from(`xy${VALUE} and more`).toString('base64'),
};

for (const [where, text] of Object.entries(HIDING_PLACES)) {
  test(`the byte search finds a value: ${where}`, () => {
    assert.notEqual(search([{ where, bytes: Buffer.from(text) }], [VALUE]).length, 0);
  });
}

test('the byte search finds nothing in a digest', () => {
  const bytes = Buffer.from('62a14e44f765419d10fea99367361a727c12365e2520f32218d505ed9aa0f62f');
  assert.deepEqual(search([{ where: 'digest', bytes }], [VALUE]), []);
});
