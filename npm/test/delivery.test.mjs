// Delivery: every event arrives once in the end, whatever tab, network, storage and policy do.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { debug, ready, sentOnce, shopPage, startBrowser, startShop, stubTag, twoTabs, until } from './harness.mjs';

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

const start = async (attributes = '', pages = {}) => {
  context = await chrome.browser.createBrowserContext();
  shop = await startShop({ ...pages, '*': shopPage({ attributes: 'data-regime="none" data-auto-page-views="false" ' + attributes, before: stubTag() }) });
};
const visit = async (path = '/', options = {}) => {
  const page = await chrome.open(shop.url + path, { context, ...options });
  await ready(page);
  return page;
};
const track = (page, count = 1) => page.evaluate((count) => Array.from({ length: count }, (_, index) => window.firsthand.track('share', { index })), count);
const empty = (page) => until('an empty outbox', async () => (await debug(page)).queued === 0);

test('a batch goes at the count, without waiting for the time', async () => {
  await start('data-flush-ms="60000" data-batch-events="5"');
  const page = await visit();
  await track(page, 5);
  await until('five events', () => shop.events.length === 5);
  assert.equal(shop.accepted.length, 1);
});

test('a tab closed at once loses nothing: the next visit sends', async () => {
  await start('data-flush-ms="60000"');
  const page = await visit();
  shop.answers.push('down');
  const ids = await track(page, 3);
  await page.close({ runBeforeUnload: false });
  const next = await visit();
  shop.answers.length = 0;
  await next.evaluate(() => window.firsthand.flush());
  await until('the events', () => shop.events.length === 3);
  assert.deepEqual(shop.events.map((event) => event.id).sort(), [...ids].sort());
  await empty(next);
});

test('what waits outlives a reload, and the next page sends it at once', async () => {
  await start('data-flush-ms="60000"');
  const page = await visit();
  await page.evaluate(() => (navigator.sendBeacon = () => false));
  const [id] = await track(page);
  assert.equal((await debug(page)).queued, 1);
  await page.reload();
  await until('the event', () => shop.events.length === 1);
  assert.equal(shop.events[0].id, id);
  await empty(page);
});

test('a visitor in a hurry: each page that is left sends its events by one beacon, and the next one has them acknowledged', async () => {
  await start('data-flush-ms="60000"');
  const ids = [];
  let page = await visit('/0');
  for (let n = 1; n <= 6; n += 1) {
    ids.push(...(await track(page, 2)));
    // Hidden first, then left: two events of the browser.
    await page.goto(`${shop.url}/${n}`);
    await ready(page);
    await empty(page);
  }
  const carried = (id) => shop.requests.filter(({ body }) => body.events.some((event) => event.id === id)).length;
  assert.deepEqual(ids.map(carried), ids.map(() => 2), 'one beacon, which nobody answers for, and one request');
  assert.equal(shop.requests.length, 12);
});

test('two tabs send each event once', async () => {
  await start('data-flush-ms="30"', twoTabs('data-regime="none" data-auto-page-views="false" data-flush-ms="30"'));
  const pages = [await visit('/1'), await visit('/2')];
  for (let round = 0; round < 5; round += 1) await Promise.all(pages.map((page) => track(page, 4)));
  await until('forty events', () => shop.events.length === 40);
  await sentOnce(shop, pages, 40);
});

test('while a tab sends, no other one does; it goes on when that one is done', async () => {
  await start('data-flush-ms="30"');
  const asking = (page) =>
    page.evaluateOnNewDocument(() => {
      const { request } = LockManager.prototype;
      window.refused = 0;
      LockManager.prototype.request = function (name, options, callback) {
        return request.call(this, name, options, (lock) => {
          if (!lock) window.refused += 1;
          return callback(lock);
        });
      };
    });
  const one = await visit('/one');
  const two = await visit('/two', { prepare: asking });
  shop.answers.push('hang');
  const [first] = await track(one);
  await until('the request', () => shop.requests.length === 1);
  const [second] = await track(two);
  await until('the other tab to be refused more than once', () => two.evaluate(() => window.refused > 1));
  assert.equal(shop.requests.length, 1);
  // Whoever is gone sends no more.
  await one.close();
  await until('both events', () => shop.events.length === 2);
  assert.deepEqual(shop.events.map((event) => event.id).sort(), [first, second].sort());
  await empty(two);
});

test('hidden: what waits goes by beacon, conversions first', async () => {
  await start('data-flush-ms="60000"');
  const page = await visit();
  await page.evaluate(() => {
    // A sale is sent at once; here the page is hidden before its request gets through.
    const { fetch } = window;
    window.fetch = () => Promise.reject(new TypeError('offline'));
    window.back = () => (window.fetch = fetch);
    window.firsthand.track('share');
    window.firsthand.track('purchase', { transaction_id: '7' });
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  await until('the beacon', () => shop.accepted.length === 1);
  assert.deepEqual(shop.accepted[0].events.map((event) => event.name), ['purchase', 'share']);
  // The records stay until an answer says that the collector has them.
  assert.equal((await debug(page)).queued, 2);
  await page.evaluate(() => window.back() && window.firsthand.flush());
  await empty(page);
  assert.equal((await debug(page)).duplicates, 2);
});

test('413 halves the batch until it fits; one event that never fits is dropped with its reason', async () => {
  await start('data-flush-ms="60000" data-batch-events="8"');
  const page = await visit();
  const answer = { status: (body) => (body.events.length > 2 || body.events.some((event) => event.props.index === 5) ? 413 : 202) };
  shop.answers.push(...Array(40).fill(answer));
  await track(page, 8);
  await until('seven events', () => shop.events.length === 7);
  await empty(page);
  assert.deepEqual((await debug(page)).dropped, { too_large: 1 });
});

test('429 is obeyed: nothing before Retry-After, then everything', async () => {
  await start();
  const page = await visit();
  shop.answers.push({ status: 429, headers: { 'retry-after': '1' } });
  await track(page, 2);
  await until('two events', () => shop.events.length === 2);
  const [refused, accepted] = shop.requests;
  assert.equal(refused.status, 429);
  assert.ok(accepted.at - refused.at >= 950, String(accepted.at - refused.at));
});

test('503 and a dead network are tried again', async () => {
  await start();
  const page = await visit();
  shop.answers.push({ status: 503 }, 'down');
  await track(page, 2);
  await until('two events', () => shop.events.length === 2);
  await empty(page);
  assert.deepEqual(shop.requests.map((request) => request.status), [503, 0, 202]);
});

test('a refused key stops the page and keeps the events', async () => {
  await start();
  const page = await visit();
  shop.answers.push({ status: 401 });
  await track(page, 2);
  await until('the stop', async () => (await debug(page)).state === 'inert');
  const status = await debug(page);
  assert.equal(status.reason, 'unauthorized');
  assert.equal(status.queued, 2);
});

test('rejected events are reported, not sent again', async () => {
  await start();
  const page = await visit();
  shop.answers.push({ body: { accepted: 0, rejected: [{ index: 0, id: 'x', code: 'invalid_currency', message: 'm' }] } });
  await track(page, 1);
  await empty(page);
  await until('the report', async () => (await debug(page)).rejected.length === 1);
  assert.deepEqual((await debug(page)).rejected, ['invalid_currency x']);
});

for (const [how, prepare] of [
  ['throws', (page) => page.evaluateOnNewDocument(() => Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } }))],
  ['is full', (page) => page.evaluateOnNewDocument(() => (Storage.prototype.setItem = () => { throw new DOMException('full', 'QuotaExceededError'); }))],
]) {
  test(`storage that ${how}: events go from memory`, async () => {
    await start('data-flush-ms="100"');
    const page = await visit('/', { prepare });
    await page.evaluate(() => {
      window.firsthand.identify({ userId: 'c-1' });
      window.firsthand.track('login');
      window.firsthand.reset();
    });
    await track(page, 2);
    await until('three events', () => shop.events.length === 3);
    await empty(page);
    const login = shop.accepted.find((batch) => batch.events[0].name === 'login');
    assert.equal(login.user.user_id, 'c-1');
  });
}

test('in a sandboxed frame without an origin it works from memory', async () => {
  await start('', { '/frame': '<!doctype html><iframe id="f" sandbox="allow-scripts" src="/shop"></iframe>' });
  const page = await chrome.open(shop.url + '/frame', { context });
  const frame = await until('the frame', () => page.frames().find((frame) => frame.url().endsWith('/shop')));
  await ready(frame);
  assert.equal((await debug(frame)).storage, 'memory');
});

test('a policy without wasm-unsafe-eval gets the same code as JavaScript', async () => {
  await start('', {
    '/strict': {
      html: shopPage({ attributes: 'data-regime="none"' }),
      headers: { 'content-security-policy': "default-src 'self'" },
    },
  });
  const page = await chrome.open(shop.url + '/strict?utm_source=a', { context });
  await ready(page);
  await page.evaluate(() => {
    window.firsthand.identify({ email: 'jane@example.com' });
    window.firsthand.track('login');
  });
  await until('both events', () => shop.events.length === 2);
  assert.match(shop.accepted.at(-1).user.em[0], /^8c87b489ce35cf2e2f39f80e282cb2e804932a56/);
  assert.deepEqual(shop.accepted[0].touch.last.utm, { source: 'a' });
  const loaded = await page.evaluate(() => performance.getEntriesByType('resource').map((entry) => entry.name.split('/').at(-1)));
  assert.ok(loaded.includes('fh.nowasm.js'));
});

test('a trap in the core makes the SDK inert, and the page hears nothing', async () => {
  await start();
  const page = await visit('/', {
    prepare: (page) =>
      page.evaluateOnNewDocument(() => {
        const { instantiateStreaming } = WebAssembly;
        WebAssembly.instantiateStreaming = async (...args) => {
          const { module, instance } = await instantiateStreaming(...args);
          const TRACK = 2;
          const call = (answer, step, ...rest) => {
            if (step === TRACK) throw new WebAssembly.RuntimeError('unreachable');
            return instance.exports.call(answer, step, ...rest);
          };
          const exports = { ...instance.exports, call };
          return { module, instance: { exports } };
        };
      }),
  });
  const [id] = await track(page);
  assert.equal(id.length, 36);
  const status = await debug(page);
  assert.equal(status.state, 'inert');
  assert.match(status.reason, /unreachable/);
  await page.evaluate(() => window.firsthand.flush());
});
