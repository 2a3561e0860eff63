// Page views, ids, navigation: what a visit looks like to the collector.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { debug, ready, shopPage, startBrowser, startShop, stubTag, until } from './harness.mjs';

let shop, chrome;
before(async () => {
  chrome = await startBrowser();
});
after(() => chrome.close());
afterEach(async () => {
  await shop.close();
  assert.deepEqual(chrome.errors.splice(0), []);
});

test('a page view and a tracked event arrive, in order, with the id track returned', async () => {
  shop = await startShop({ '*': shopPage({ attributes: 'data-regime="none"', before: stubTag() }) });
  const page = await chrome.open(shop.url + '/p/mug?utm_source=news&secret=1#top');
  await ready(page);
  const id = await page.evaluate(() => window.firsthand.track('view_item', { currency: 'EUR', value: 29.9 }));
  await until('two events', () => shop.events.length === 2);
  const [view, item] = shop.events;
  assert.equal(view.name, 'page_view');
  assert.equal(view.page.title, 'Shop');
  assert.equal(view.page.url, shop.url + '/p/mug?utm_source=news');
  assert.equal(item.id, id);
  assert.deepEqual(item.props, { currency: 'EUR', value: 29.9 });
  assert.equal(item.session, view.session);
  const [batch] = shop.accepted;
  assert.equal(batch.v, 1);
  assert.equal(batch.write_key, 'pk_test');
  assert.match(batch.context.sdk, /^web\//);
  assert.match(batch.user.anonymous_id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(batch.touch.last.utm, { source: 'news' });
  await until('an empty outbox', async () => (await debug(page)).queued === 0);
  const status = await debug(page);
  assert.equal(status.sent, 2);
  assert.equal(status.state, 'ready');
  await page.close();
});
