// Before the core is there: what the inline stub answers, and what becomes of its calls.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { debug, ready, shopPage, startBrowser, startShop, stubTag, until } from './harness.mjs';

let shop, chrome;
before(async () => {
  chrome = await startBrowser();
});
after(() => chrome.close());
afterEach(async () => {
  for (const page of await chrome.browser.pages()) if (page.url() !== 'about:blank') await page.close();
  await shop.close();
  assert.deepEqual(chrome.errors.splice(0), []);
});

/** A page on which the core never arrives. */
const alone = async () => {
  shop = await startShop({ '*': `<!doctype html><title>x</title>${stubTag()}` });
  return chrome.open(shop.url + '/');
};
/** A page whose stub is used by a script before the core comes. */
const early = async (script, attributes = '') => {
  const before = `${stubTag()}<script>${script}</script>`;
  shop = await startShop({ '*': shopPage({ attributes: 'data-regime="none" data-auto-page-views="false" ' + attributes, before }) });
  const page = await chrome.open(shop.url + '/');
  await ready(page);
  return page;
};

test('before the start nothing is chosen, allowed or asked, and a page can read that', async () => {
  const page = await alone();
  const state = await page.evaluate(() => {
    const { choice, allow, prompt } = window.firsthand.consent.get();
    return [allow.marketing, choice.analytics, prompt].map(Boolean);
  });
  assert.deepEqual(state, [false, false, false]);
});

test('before the start debug tells the state, what waits, and that nothing was dropped', async () => {
  const page = await alone();
  const status = await page.evaluate(() => {
    window.firsthand.track('share');
    return window.firsthand.debug();
  });
  assert.deepEqual(status, { state: 'starting', queued: 1, dropped: {} });
});

test('a flush settles where the core never arrives', async () => {
  shop = await startShop({ '*': '<!doctype html><title>x</title>' });
  const page = await chrome.open(shop.url + '/');
  const waited = await page.evaluate(async (stub) => {
    const waits = [];
    // A timer that runs out at once, whatever its time.
    const { setTimeout } = window;
    window.setTimeout = (done, ms) => (waits.push(ms), setTimeout(done));
    new Function(stub)();
    await window.firsthand.flush();
    return waits;
  }, await (await fetch(shop.url + '/sdk/stub.js')).text());
  assert.deepEqual(waited, [15_000]);
});

test('a listener of the stub hears of the start and of changes, until it is ended', async () => {
  const page = await early(
    `window.heard = [[], []];
     const on = (index) => window.firsthand.consent.on((state) => window.heard[index].push(state.allow.analytics));
     const ends = [on(0), on(1)];
     window.end = ends[0];
     ends[1]();`,
  );
  await until('the start to be told', () => page.evaluate(() => window.heard[0].length > 0));
  await page.evaluate(() => window.firsthand.consent.set('none'));
  await until('the change to be told', () => page.evaluate(() => window.heard[0].at(-1) === false));
  const before = await page.evaluate(() => (window.end(), window.heard[0].length));
  await page.evaluate(() => window.firsthand.consent.set('all'));
  await until('the change', async () => (await debug(page)).consent.allow.analytics);
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  assert.deepEqual(await page.evaluate(() => [window.heard[0].length, window.heard[1].length]), [before, 0]);
});

test('calls beyond the first thousand are dropped, and counted with their reason', async () => {
  const page = await early("for (let i = 0; i < 1003; i += 1) window.firsthand.track('share', { i });", 'data-batch-events="500" data-queue-events="2000"');
  await until('the thousand', () => shop.events.length === 1_000);
  assert.deepEqual((await debug(page)).dropped, { stub_full: 3 });
  assert.ok(shop.accepted.some((batch) => batch.context.dropped?.stub_full === 3), 'the collector hears of it');
});

test('what cannot be an id or an order is none, and the page hears nothing of it', async () => {
  const page = await early(
    `const { track } = window.firsthand;
     window.ids = [
       track('share', null, { id: Symbol() }), track(Symbol(), {}), track('purchase', { transaction_id: null }, { id: 'mine' }),
       track('purchase', null, { id: 7 }), track('purchase', { transaction_id: Symbol() }), track('share', {}, { id: 'a b' }),
       track('purchase', { transaction_id: '#' }), track('refund', { transaction_id: '1', refund_id: undefined }),
     ];`,
  );
  const ids = await page.evaluate(() => window.ids);
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  for (const index of [0, 1, 4, 5, 6]) assert.match(ids[index], uuid, String(index));
  assert.deepEqual([ids[2], ids[3], ids[7]], ['mine', '7', 'refund:1']);
  await until('all but the nameless', () => shop.events.length === 7);
  assert.deepEqual(shop.events.map((event) => event.id).sort(), [...ids.slice(0, 1), ...ids.slice(2)].sort());
});

test('ids are random wherever a UUIDv7 may be', async () => {
  const page = await alone();
  const places = await page.evaluate(() => {
    const seen = Array.from({ length: 36 }, () => new Set());
    for (let i = 0; i < 2_000; i += 1) [...window.firsthand.track('share')].forEach((digit, place) => seen[place].add(digit));
    return seen.map((digits) => digits.size);
  });
  assert.deepEqual(places.slice(14), [1, 16, 16, 16, 1, 4, 16, 16, 16, 1, ...Array(12).fill(16)]);
});
