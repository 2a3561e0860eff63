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
  for (const page of await chrome.browser.pages()) if (page.url() !== 'about:blank') await page.close();
  await shop.close();
  assert.deepEqual(chrome.errors.splice(0), []);
});

const NONE = 'data-regime="none"';
const views = () => shop.events.filter((event) => event.name === 'page_view');

test('a page view and a tracked event arrive, in order, with the id track returned', async () => {
  shop = await startShop({ '*': shopPage({ attributes: NONE, before: stubTag() }) });
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
  assert.ok(batch.context.bot.includes('webdriver'));
  assert.match(batch.user.anonymous_id, /^[0-9a-f-]{36}$/);
  assert.deepEqual(batch.touch.last.utm, { source: 'news' });
  await until('an empty outbox', async () => (await debug(page)).queued === 0);
  const status = await debug(page);
  assert.equal(status.sent, 2);
  assert.equal(status.state, 'ready');
});

test('calls made on the stub are run in their order, under the ids the stub gave', async () => {
  const calls = `<script>
    const { track } = window.firsthand;
    window.ids = [track('add_to_cart'), track('Order Completed', { transaction_id: ' #1001 ' }), track('refund', { transaction_id: 1001, refund_id: 7 })];
    window.track = track;
  </script>`;
  shop = await startShop({ '*': shopPage({ attributes: NONE, before: stubTag() + calls }) });
  const page = await chrome.open(shop.url + '/');
  await ready(page);
  const late = await page.evaluate(() => window.track('share'));
  await until('five events', () => shop.events.length === 5);
  const ids = await page.evaluate(() => window.ids);
  assert.match(ids[0], /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  assert.deepEqual(ids.slice(1), ['purchase:1001', 'refund:1001:7']);
  assert.deepEqual(
    shop.events.filter((event) => event.name !== 'page_view').map((event) => [event.name, event.id]),
    [['add_to_cart', ids[0]], ['purchase', ids[1]], ['refund', ids[2]], ['share', late]],
  );
});

test('the ids of orders are those by which the collector names events, on the stub and on the SDK', async () => {
  shop = await startShop({ '*': shopPage({ attributes: NONE, before: stubTag() + '<script>window.stubTrack = window.firsthand.track</script>' }) });
  const page = await chrome.open();
  await page.goto(shop.url + '/');
  await ready(page);
  const cases = [
    ['purchase', { transaction_id: '1001' }, 'purchase:1001'], ['purchase', { transaction_id: 1001 }, 'purchase:1001'],
    ['purchase', { transaction_id: ' #1001 ' }, 'purchase:1001'], ['purchase', { transaction_id: 'gid://shopify/Order/55' }, 'purchase:55'],
    ['ORDER COMPLETED', { order_id: 'a-1' }, 'purchase:a-1'], ['order refunded', { transaction_id: '9' }, 'refund:9'],
    ['refund', { transaction_id: '9', refund_id: 'gid://shopify/Refund/3' }, 'refund:9:3'], ['refund', { transaction_id: '9', refund_id: 'a b' }, 'refund:9'],
    ['purchase', { transaction_id: '##1' }, 'purchase:#1'], ['purchase', { transaction_id: '\t7\n' }, 'purchase:7'],
    ['purchase', { transaction_id: 'gid://shopify/Cart/1' }, 'purchase:gid://shopify/Cart/1'],
  ];
  const unlike = [['Purchase', { transaction_id: '1' }], ['purchase', { transaction_id: 'jane@example.com' }], ['purchase', {}], ['add_to_cart', { transaction_id: '1' }],
    ['purchase', { transaction_id: ' # ' }], ['purchase', { transaction_id: 'gid://shopify/Order/' }], ['purchase', { transaction_id: 'a'.repeat(65) }]];
  const both = await page.evaluate(
    async (cases) => {
      const stub = await (await fetch('/sdk/stub.js')).text();
      const core = window.firsthand;
      const frame = document.body.appendChild(document.createElement('iframe'));
      frame.contentWindow.eval(stub);
      return cases.map(([name, props]) => [frame.contentWindow.firsthand.track(name, props, { id: 'mine' }), core.track(name, props, { id: 'mine' })]);
    },
    [...cases, ...unlike],
  );
  for (const [index, [stub, core]] of both.entries()) {
    assert.equal(stub, core, JSON.stringify([...cases, ...unlike][index]));
    assert.equal(stub, cases[index]?.[2] ?? 'mine');
  }
});

for (const way of ['the Navigation API', 'wrapped history']) {
  test(`a page inside the page is a view with the page before as referrer, by ${way}`, async () => {
    const before = way === 'wrapped history' ? "<script>Object.defineProperty(window, 'navigation', { value: undefined })</script>" : '';
    shop = await startShop({ '*': shopPage({ attributes: NONE, before }) });
    const page = await chrome.open(shop.url + '/a');
    await ready(page);
    await page.evaluate(() => {
      history.pushState({}, '', '/b?utm_campaign=x');
      document.title = 'B';
      history.replaceState({}, '', '/b?sorted=1');
    });
    await until('the second view', () => views().length === 2);
    await page.evaluate(() => history.back());
    await until('the third view', () => views().length === 3);
    await page.evaluate(() => window.firsthand.flush());
    assert.deepEqual(
      views().map((view) => [new URL(view.page.url).pathname, view.page.ref?.replace(shop.url, '')]),
      [['/a', undefined], ['/b', '/a'], ['/a', '/b']],
    );
    assert.equal(views()[1].page.title, 'B');
    const touched = shop.accepted.find((batch) => batch.events.some((event) => event.id === views()[1].id));
    assert.deepEqual(touched.touch.last.utm, { campaign: 'x' });
  });
}

test('a page from the back/forward cache is another view', async () => {
  shop = await startShop({ '*': shopPage({ attributes: NONE }), '/away': '<!doctype html><title>Away</title>' });
  const page = await chrome.open(shop.url + '/');
  await ready(page);
  await until('the first view', () => views().length === 1);
  await page.evaluate(() => (window.isSame = true));
  await page.goto(shop.url + '/away');
  await page.goBack();
  if (await page.evaluate(() => window.isSame === true)) {
    await until('the second view', () => views().length === 2);
  } else {
    assert.fail('the page was not kept: ' + (await page.evaluate(() => JSON.stringify(performance.getEntriesByType('navigation')[0].notRestoredReasons))));
  }
});

test('a prerendered page is silent until it is shown', async () => {
  const rules = '<script type="speculationrules">{"prerender":[{"urls":["/next"],"eagerness":"immediate"}]}</script>';
  shop = await startShop({ '/': shopPage({ attributes: NONE, body: rules + '<a id="next" href="/next">next</a>' }), '*': shopPage({ attributes: NONE }) });
  const page = await chrome.open(shop.url + '/');
  await ready(page);
  await until('the first view', () => views().length === 1);
  // The prerendered page takes the place of this one, and its frame: nobody waits for an answer from here.
  await page.evaluate(() => void setTimeout(() => document.getElementById('next').click()));
  await until('the second view', () => views().some((view) => view.page.url.endsWith('/next')));
  assert.equal(views().length, 2);
});

test('a view by the page itself has its properties and its id', async () => {
  shop = await startShop({ '*': shopPage({ attributes: NONE + ' data-auto-page-views="false"', before: stubTag() }) });
  const page = await chrome.open(shop.url + '/p');
  await ready(page);
  const id = await page.evaluate(() => window.firsthand.page({ page_type: 'product' }));
  await until('the view', () => views().length === 1);
  const [view] = views();
  assert.deepEqual([view.id, view.props, view.page.url], [id, { page_type: 'product' }, shop.url + '/p']);
});

test('names as people say them are sent, as GA4 names where an id or a queue needs to know', async () => {
  shop = await startShop({ '*': shopPage({ attributes: NONE + ' data-auto-page-views="false"' }) });
  const page = await chrome.open(shop.url + '/');
  await ready(page);
  const [order] = await page.evaluate(() => [
    window.firsthand.track('order completed', { order_id: '#7' }), window.firsthand.track('Coupon Applied'), window.firsthand.track(' Signed Up '),
  ]);
  await until('three events', () => shop.events.length === 3);
  assert.deepEqual(shop.events.map((event) => event.name).sort(), ['Coupon Applied', 'purchase', 'sign_up']);
  assert.equal(order, 'purchase:7');
});

for (const way of ['the Navigation API', 'events of the window']) {
  test(`a route behind a hash is a page where the shop says so, by ${way}`, async () => {
    const before = way === 'events of the window' ? "<script>Object.defineProperty(window, 'navigation', { value: undefined })</script>" : '';
    shop = await startShop({ '*': shopPage({ attributes: NONE + ' data-hash-routing="true"', before }) });
    const page = await chrome.open(shop.url + '/app/?utm_source=a#!/cart');
    await ready(page);
    await page.evaluate(() => (location.hash = '#/p/mug?utm_campaign=x&email=jane@example.com'));
    await until('the second view', () => views().length === 2);
    // The same route with another query is the same page.
    await page.evaluate(() => (location.hash = '#/p/mug?size=2'));
    await page.evaluate(() => (location.hash = '#/thanks'));
    await until('the third view', () => views().length === 3);
    const seen = views().map((view) => view.page.url.replace(shop.url, ''));
    assert.deepEqual(seen, ['/app/cart?utm_source=a', '/app/p/mug?utm_source=a&utm_campaign=x', '/app/thanks?utm_source=a']);
    assert.ok(!JSON.stringify(shop.requests).includes('jane'));
  });
}

test('a hash is no page unless the shop says so', async () => {
  shop = await startShop({ '*': shopPage({ attributes: NONE }) });
  const page = await chrome.open(shop.url + '/app');
  await ready(page);
  await page.evaluate(() => (location.hash = '#/p/mug'));
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve)));
  await page.evaluate(() => window.firsthand.track('share'));
  await until('the event', () => shop.events.some((event) => event.name === 'share'));
  assert.deepEqual(views().map((view) => view.page.url), [shop.url + '/app']);
});

test('nothing is left on the page but firsthand', async () => {
  shop = await startShop({ '/bare': '<!doctype html><title>x</title>', '*': shopPage({ attributes: NONE }) });
  // The test driver adds names of its own, with `ariaQuery` in them.
  const bare = await chrome.open(shop.url + '/bare');
  const known = await bare.evaluate(() => Object.getOwnPropertyNames(window));
  const page = await chrome.open(shop.url + '/');
  await ready(page);
  const added = await page.evaluate((known) => Object.getOwnPropertyNames(window).filter((name) => !known.includes(name) && !/ariaQuery/.test(name)), known);
  assert.deepEqual(added, ['firsthand']);
});

test('what cannot be an event is counted, and the page hears nothing of it', async () => {
  shop = await startShop({ '*': shopPage({ attributes: NONE }) });
  const page = await chrome.open(shop.url + '/');
  await ready(page);
  const ids = await page.evaluate(() => {
    const loop = {};
    loop.self = loop;
    const { track, identify, consent } = window.firsthand;
    identify(null);
    consent.on(null);
    consent.set(undefined);
    return [
      track('my-event'), track(''), track(undefined), track('share', loop), track('share', { big: 1n }), track('share', [1]),
      track('share', { text: 'x'.repeat(40_000) }), track('share', { get bad() { throw new Error('page'); } }),
    ];
  });
  assert.ok(ids.every((id) => id.length === 36));
  const { dropped, state } = await debug(page);
  assert.deepEqual(dropped, { invalid_name: 3, invalid_props: 5 });
  assert.equal(state, 'ready');
});
