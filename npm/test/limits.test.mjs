// What may wait is bounded by count, bytes and age; whatever goes is counted with its reason and reported.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { all, debug, movableClock, ready, shopPage, startBrowser, startShop, stubTag, until } from './harness.mjs';

const DAY = 86_400_000;
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

const NONE = 'data-regime="none" ';
const start = async (attributes) => {
  context = await chrome.browser.createBrowserContext();
  shop = await startShop({ '*': shopPage({ attributes: 'data-auto-page-views="false" ' + attributes, before: stubTag() }) });
};
const visit = async (path = '/', prepare) => {
  const page = await chrome.open(shop.url + path, { context, prepare });
  await ready(page);
  return page;
};
const noBeacons = (page) => page.evaluateOnNewDocument(() => (navigator.sendBeacon = () => false));
const noNetwork = (page) => page.evaluateOnNewDocument(() => (window.fetch = new Proxy(window.fetch, {
  apply: (fetch, self, [url, ...rest]) => (String(url).includes('/v1/events') ? Promise.reject(new TypeError('offline')) : Reflect.apply(fetch, self, [url, ...rest])),
})));

test('a batch goes at the bytes, and none is larger', async () => {
  await start(NONE + 'data-flush-ms="60000" data-batch-bytes="4096" data-batch-events="500"');
  const page = await visit();
  await page.evaluate(() => {
    for (let index = 0; index < 12; index += 1) window.firsthand.track('share', { index, text: 'x'.repeat(900) });
  });
  await page.evaluate(() => window.firsthand.flush());
  await until('all events', () => shop.events.length === 12);
  const sizes = shop.accepted.map((batch) => batch.events.reduce((sum, event) => sum + JSON.stringify(event).length, 0));
  assert.ok(sizes.length >= 3 && sizes.every((size) => size <= 4096), String(sizes));
});

test('queueEvents: the oldest give way, conversions last, counted and reported', async () => {
  await start(NONE + 'data-flush-ms="60000" data-queue-events="4"');
  const page = await visit('/', noNetwork);
  const kept = await page.evaluate(() => {
    const ids = [window.firsthand.track('purchase', { transaction_id: '1' })];
    for (let index = 0; index < 6; index += 1) ids.push(window.firsthand.track('share', { index }));
    return [ids[0], ...ids.slice(-3)];
  });
  assert.deepEqual((await debug(page)).dropped, { queue_full: 3 });
  const next = await visit('/next');
  await next.evaluate(() => window.firsthand.flush());
  await until('what was kept', () => shop.events.length === 4);
  assert.deepEqual(shop.events.map((event) => event.id).sort(), kept.sort());
});

test('queueBytes: the same by bytes', async () => {
  await start(NONE + 'data-flush-ms="60000" data-queue-bytes="8192" data-batch-events="500"');
  const page = await visit('/', noNetwork);
  await page.evaluate(() => {
    for (let index = 0; index < 10; index += 1) window.firsthand.track('share', { index, text: 'x'.repeat(2_000) });
  });
  const { queued, dropped } = await debug(page);
  assert.deepEqual([queued, dropped], [3, { queue_full: 7 }]);
  const stored = await page.evaluate(() => Object.entries(localStorage).filter(([key]) => key.startsWith('fh.e.')).reduce((sum, [, text]) => sum + text.length, 0));
  assert.ok(stored <= 8192 + 3 * 8, String(stored));
});

test('heldEvents: before the choice the oldest give way, conversions last, and the collector hears of it after a yes', async () => {
  await start('data-held-events="3"');
  const page = await visit();
  await page.evaluate(() => {
    window.firsthand.track('purchase', { transaction_id: '1' });
    for (let index = 0; index < 5; index += 1) window.firsthand.track('share', { index });
  });
  const { held, dropped } = await debug(page);
  assert.deepEqual([held, dropped], [3, { held_full: 3 }]);
  await page.evaluate(() => window.firsthand.consent.set('all'));
  await until('what was held', () => shop.events.length === 3);
  assert.deepEqual(shop.events.map((event) => event.props.index ?? event.id).sort(), [3, 4, 'purchase:1']);
  assert.deepEqual(shop.accepted[0].context.dropped, { held_full: 3 });
});

for (const [attributes, days, isKept] of [['', 6.9, true], ['', 7.1, false], ['data-queue-days="1"', 1.1, false], ['data-queue-days="30"', 20, true]]) {
  test(`offline for ${days} days ${attributes}: events are ${isKept ? 'sent' : 'dropped as too old, and reported'}`, async () => {
    await start(NONE + 'data-flush-ms="60000" ' + attributes);
    const gone = await visit('/', all(noNetwork, noBeacons));
    const ids = await gone.evaluate(() => [window.firsthand.track('share'), window.firsthand.track('purchase', { transaction_id: '1' })]);
    await gone.close();
    const back = await visit('/back', movableClock(days * DAY));
    ids.push(await back.evaluate(() => window.firsthand.track('login')));
    await back.evaluate(() => window.firsthand.flush());
    await until('what was kept', () => shop.events.length === (isKept ? 3 : 1));
    assert.deepEqual(shop.events.map((event) => event.id).sort(), (isKept ? ids : ids.slice(2)).sort());
    const dropped = isKept ? {} : { too_old: 2 };
    assert.deepEqual((await debug(back)).dropped, dropped);
    assert.deepEqual(shop.accepted[0].context.dropped ?? {}, dropped);
    assert.equal(await back.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('fh.e.')).length), 0);
  });
}
