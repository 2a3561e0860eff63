// Sessions: a visit ends by time and, unless the shop says otherwise, by another campaign.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { all, movableClock, ready, shopPage, startBrowser, startShop, until } from './harness.mjs';

const MINUTE = 60_000;
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

const start = async (attributes = '') => {
  context = await chrome.browser.createBrowserContext();
  shop = await startShop({ '*': shopPage({ attributes: 'data-regime="none" data-auto-page-views="false" ' + attributes }) });
};
const visit = async (path = '/', ahead = 0) => {
  const page = await chrome.open(shop.url + path, { context, prepare: all(movableClock(ahead)) });
  await ready(page);
  return page;
};
/** Tracks an event after some minutes without any; returns the session it was in. */
const session = async (page, minutes = 0) => {
  const id = await page.evaluate((ms) => {
    window.ahead += ms;
    return window.firsthand.track('share');
  }, minutes * MINUTE);
  await page.evaluate(() => window.firsthand.flush());
  return (await until('the event', () => shop.events.find((event) => event.id === id))).session;
};

test('half an hour without activity ends a session, less does not', async () => {
  await start();
  const page = await visit();
  const first = await session(page);
  assert.equal(await session(page, 29), first);
  assert.equal(await session(page, 29), first, 'activity prolongs it');
  const second = await session(page, 31);
  assert.ok(second > first + 58 * MINUTE, 'it is named by its start');
  assert.equal(await session(page, 1), second);
});

test('a session goes on in the next page and in another tab, and ends there by time', async () => {
  await start();
  const first = await session(await visit('/one'));
  assert.equal(await session(await visit('/two', 20 * MINUTE)), first);
  assert.notEqual(await session(await visit('/three', 60 * MINUTE)), first);
});

test('sessionTimeoutMinutes is that time', async () => {
  await start('data-session-timeout-minutes="5"');
  const page = await visit();
  const first = await session(page);
  assert.equal(await session(page, 4), first);
  assert.notEqual(await session(page, 6), first);
});

const arrive = (page, address) => page.evaluate((address) => history.pushState({}, '', address), address);

test('another campaign starts another session, the same one again does not', async () => {
  await start();
  const page = await visit('/?utm_source=news');
  const first = await session(page);
  await arrive(page, '/p/mug');
  assert.equal(await session(page, 1), first, 'a page without a campaign');
  await arrive(page, '/?utm_source=ads');
  const second = await session(page, 1);
  assert.notEqual(second, first);
  const again = await visit('/?utm_source=ads', 3 * MINUTE);
  assert.equal(await session(again), second, 'a reload of the landing page');
  const clicked = await visit('/?gclid=Cj0', 4 * MINUTE);
  assert.notEqual(await session(clicked), second, 'a click id is a campaign');
});

test('splitOnCampaign switched off keeps the session', async () => {
  await start('data-split-on-campaign="false"');
  const page = await visit('/?utm_source=news');
  const first = await session(page);
  await arrive(page, '/?utm_source=ads');
  assert.equal(await session(page, 1), first);
});
