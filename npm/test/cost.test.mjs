// What an event and a send cost the page, counted instead of timed: a machine that is busy counts alike.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { all, movableClock, ready, shopPage, startBrowser, startShop, until } from './harness.mjs';

const WAITING = 40;
const BURST = 20;
let shop, chrome, context;
before(async () => {
  chrome = await startBrowser();
});
after(() => chrome.close());
afterEach(async () => {
  await context.close();
  await shop.close();
  assert.deepEqual(chrome.errors.splice(0), []);
});

/** Counts what is dear: each crosses to another process or into the system. The clock stands still but for `ahead`. */
const counting = (page) =>
  page.evaluateOnNewDocument(() => {
    const at = Date.now();
    Date.now = () => at + window.ahead;
    window.calls = {};
    const count = (name) => (window.calls[name] = (window.calls[name] ?? 0) + 1);
    const watch = (owner, name) => {
      const original = owner[name];
      owner[name] = function (...args) {
        count(name);
        if (name === 'setItem') (window.calls.keys ??= []).push(args[0].slice(0, 5));
        return Reflect.apply(original, this, args);
      };
    };
    for (const name of ['getItem', 'setItem', 'removeItem', 'key']) watch(Storage.prototype, name);
    for (const name of ['setTimeout', 'clearTimeout']) watch(window, name);
    watch(Crypto.prototype, 'getRandomValues');
    const { get, set } = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie');
    Object.defineProperty(document, 'cookie', { get: () => (count('cookie'), get.call(document)), set: (text) => set.call(document, text) });
  });
const visit = async (attributes) => {
  const options = 'data-regime="none" data-auto-page-views="false" data-flush-ms="60000" data-batch-events="500" ';
  context = await chrome.browser.createBrowserContext();
  shop = await startShop({ '*': shopPage({ attributes: options + attributes }) });
  const page = await chrome.open(shop.url + '/', { context, prepare: all(movableClock(), counting) });
  await ready(page);
  return page;
};
/** Tracks events and returns what that called. */
const costOf = (page, events) =>
  page.evaluate((events) => {
    window.calls = {};
    for (let index = 0; index < events; index += 1) window.firsthand.track('view_item', { index });
    return window.calls;
  }, events);

test('an event is one write of its own, however many wait and however many come', async () => {
  const page = await visit('');
  await costOf(page, WAITING);
  const { keys, ...calls } = await costOf(page, BURST);
  assert.deepEqual(calls, { getItem: BURST, setItem: BURST, getRandomValues: BURST }, 'the choice read, the event written, an id made');
  assert.deepEqual([...new Set(keys)], ['fh.e.']);
  await page.evaluate(() => (window.ahead += 1_000));
  const later = await costOf(page, BURST);
  assert.deepEqual(later.keys.filter((key) => key !== 'fh.e.'), ['fh.s'], 'the session goes on, once');
});

test('in a full outbox an event is a write and a removal', async () => {
  const page = await visit(`data-queue-events="${WAITING}" `);
  await costOf(page, WAITING);
  const { keys, ...calls } = await costOf(page, BURST);
  assert.deepEqual(calls, { getItem: BURST, setItem: BURST, removeItem: BURST, getRandomValues: BURST });
  assert.equal(keys.length, BURST);
});

test('a batch looks at the cookies once', async () => {
  const page = await visit('');
  await costOf(page, BURST);
  await page.evaluate(() => window.firsthand.flush());
  await until('the events', () => shop.events.length === BURST);
  assert.equal(await page.evaluate(() => window.calls.cookie), 1);
});
