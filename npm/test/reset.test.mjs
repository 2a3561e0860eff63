// reset(): another visitor, here, in other tabs and for the collector's cookie.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { debug, ready, shopPage, startBrowser, startShop, stubTag, until } from './harness.mjs';

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

const start = async (attributes) => {
  context = await chrome.browser.createBrowserContext();
  shop = await startShop({ '*': shopPage({ attributes: 'data-auto-page-views="false" ' + attributes, before: stubTag() }) });
};
const visit = async (path = '/') => {
  const page = await chrome.open(shop.url + path, { context });
  await ready(page);
  return page;
};
const batchOf = async (id) => until('the event', () => shop.accepted.find((batch) => batch.events.some((event) => event.id === id)));
/** Tracks an event, sends it, and returns the user it was sent under. */
const user = async (page) => {
  const id = await page.evaluate(() => window.firsthand.track('share'));
  await page.evaluate(() => window.firsthand.flush());
  return (await batchOf(id)).user;
};

test('after a reset the next page has another id and says so, until the collector has answered', async () => {
  await start('data-regime="none"');
  const page = await visit('/?utm_source=news');
  await page.evaluate(() => window.firsthand.identify({ userId: 'c-1' }));
  const before = await user(page);
  assert.deepEqual([before.user_id, before.reset], ['c-1', undefined]);
  await page.evaluate(() => window.firsthand.reset());
  const next = await visit('/next');
  shop.answers.push({ status: 503 });
  const after = await user(next);
  assert.notEqual(after.anonymous_id, before.anonymous_id);
  assert.deepEqual([after.user_id, after.reset], [undefined, true]);
  assert.deepEqual(shop.requests.slice(-2).map(({ body }) => body.user.reset), [true, true], 'also when it is sent again');
  const later = await user(next);
  assert.deepEqual(later, { anonymous_id: after.anonymous_id });
});

test('what waits keeps its own user, and it counts before the cookie', async () => {
  await start('data-regime="none" data-flush-ms="60000"');
  const page = await visit();
  const [early, late] = await page.evaluate(() => {
    window.firsthand.identify({ userId: 'c-1' });
    const early = window.firsthand.track('share');
    window.firsthand.reset();
    return [early, window.firsthand.track('share')];
  });
  await page.evaluate(() => window.firsthand.flush());
  const [first, second] = [(await batchOf(early)).user, (await batchOf(late)).user];
  assert.notEqual(first.anonymous_id, second.anonymous_id);
  assert.deepEqual([first.user_id, second.user_id], ['c-1', undefined]);
  assert.deepEqual([first.reset, second.reset], [true, true]);
});

test('another tab of the browser follows', async () => {
  await start('data-regime="none"');
  const [one, two] = [await visit('/one'), await visit('/two')];
  const before = await user(two);
  await one.evaluate(() => window.firsthand.reset());
  const after = await user(one);
  await until('the other tab to hear of it', async () => (await user(two)).anonymous_id === after.anonymous_id);
  assert.notEqual(after.anonymous_id, before.anonymous_id);
});

test('before the choice a reset stores nothing, and is told after a yes', async () => {
  await start('');
  const page = await visit();
  await page.evaluate(() => window.firsthand.reset());
  assert.deepEqual(await page.evaluate(() => Object.keys(localStorage)), []);
  await page.evaluate(() => window.firsthand.consent.set('all'));
  assert.equal((await user(page)).reset, true);
  assert.equal((await debug(page)).state, 'ready');
});
