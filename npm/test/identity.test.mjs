// Identity on demand: the module for personal values comes when one does, events wait for it, and clear text stays in the page.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, test } from 'node:test';
import { debug, ready, shopPage, startBrowser, startShop, until } from './harness.mjs';

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

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const EMAIL = 'jane@example.com';

/** Opens a page; `loaded` holds the files of the module for personal values that it asked for. */
const visit = async ({ attributes = 'data-regime="none"', body = '', headers, prepare } = {}) => {
  context = await chrome.browser.createBrowserContext();
  shop = await startShop({ '*': { html: shopPage({ attributes, body }), headers } });
  const loaded = [];
  const watch = async (page) => {
    page.on('request', (request) => {
      const file = new URL(request.url()).pathname.split('/').at(-1);
      if (file.startsWith('fh.id.')) loaded.push(file);
    });
    await prepare?.(page);
  };
  const page = await chrome.open(shop.url, { context, prepare: watch });
  await ready(page);
  return { page, loaded };
};
const sold = () => shop.accepted.find((batch) => batch.events.some((event) => event.name === 'purchase'));
const buy = (page, person) =>
  page.evaluate((person) => {
    window.firsthand.track('purchase', { transaction_id: '1', value: 1, currency: 'EUR' });
    window.firsthand.identify(person);
  }, person);

/** Keeps the answers for the module back until `release`, or fails them. */
const holdBack = async (page, isFailing) => {
  const held = [];
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    if (!request.url().includes('/fh.id.')) return void request.continue();
    if (isFailing) return void request.abort();
    held.push(request);
  });
  return { held, release: () => held.splice(0).forEach((request) => request.continue()) };
};

test('without a personal value the module is not loaded', async () => {
  const { page, loaded } = await visit();
  await page.evaluate(() => {
    window.firsthand.identify({ userId: 'c-7' });
    window.firsthand.track('login');
  });
  await until('both events', () => shop.events.length === 2);
  await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
  assert.deepEqual(loaded, []);
  assert.equal(shop.accepted.at(-1).user.user_id, 'c-7');
});

test('a page that asks for an address loads it when idle', async () => {
  const { loaded } = await visit({ body: '<input type="email">' });
  await until('the module', () => loaded.includes('fh.id.wasm'));
});

test('a sale in the same moment leaves with the digests', async () => {
  const { page } = await visit();
  await buy(page, { email: EMAIL });
  await until('the sale', sold);
  assert.deepEqual(sold().user.em, [sha256(EMAIL)]);
});

test('while the module is on its way clear text is stored nowhere; a no forgets it', async () => {
  let gate;
  const { page } = await visit({ attributes: '', prepare: async (page) => (gate = await holdBack(page)) });
  await page.evaluate((email) => window.firsthand.identify({ email }), EMAIL);
  await until('the request for the module', () => gate.held.length > 0);
  assert.equal(await page.evaluate(() => JSON.stringify(localStorage)), '{}');
  await page.evaluate(() => window.firsthand.consent.set('none'));
  await page.evaluate(() => window.firsthand.consent.set('all'));
  gate.release();
  await until('the rest of the module to be asked for', () => gate.held.length > 0);
  gate.release();
  await page.evaluate(() => window.firsthand.track('login'));
  await until('the event', () => shop.events.some((event) => event.name === 'login'));
  await page.evaluate(() => window.firsthand.identify({ phone: '+49 171 2345678' }));
  await page.evaluate(() => window.firsthand.track('purchase', { transaction_id: '1', value: 1, currency: 'EUR' }));
  await until('the sale', sold);
  assert.equal(sold().user.em, undefined);
  assert.deepEqual(sold().user.ph, [sha256('491712345678')]);
});

test('where the module cannot be loaded events leave without digests', async () => {
  const { page } = await visit({ prepare: (page) => holdBack(page, true) });
  await buy(page, { email: EMAIL, userId: 'c-7' });
  await until('the sale', sold);
  assert.equal(sold().user.em, undefined);
  assert.ok(!JSON.stringify(shop.requests).includes('jane'));
  assert.equal((await debug(page)).state, 'ready');
});

test('another visitor does not get the digests of the one before', async () => {
  let gate;
  const { page } = await visit({ prepare: async (page) => (gate = await holdBack(page)) });
  await page.evaluate((email) => {
    window.firsthand.identify({ userId: 'one', email });
    window.firsthand.identify({ userId: 'two', city: 'Berlin' });
    window.firsthand.track('login');
  }, EMAIL);
  for (const _ of ['script', 'module']) {
    await until('a file of the module', () => gate.held.length > 0);
    gate.release();
  }
  await until('the event', () => shop.events.some((event) => event.name === 'login'));
  const { user } = shop.accepted.at(-1);
  assert.deepEqual([user.user_id, user.em, user.ct], ['two', undefined, [sha256('berlin')]]);
});

test('a policy without wasm-unsafe-eval gets the module as JavaScript', async () => {
  const headers = { 'content-security-policy': "script-src 'self'; connect-src 'self'" };
  const { page, loaded } = await visit({ headers });
  await buy(page, { email: EMAIL });
  await until('the sale', sold);
  assert.deepEqual(sold().user.em, [sha256(EMAIL)]);
  // The browser tells of its requests when it likes.
  await until('the file', () => loaded.includes('fh.id.nowasm.js'));
});
