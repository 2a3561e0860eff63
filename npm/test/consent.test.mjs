// Consent: invariant 3 (nothing stored or sent without the consent it needs) and 2 (no clear personal value leaves the page).
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
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

const visit = async (path, options = {}) => {
  context ??= await chrome.browser.createBrowserContext();
  const page = await chrome.open(shop.url + path, { context, ...options });
  await ready(page);
  return page;
};
const start = async (pages) => {
  context = undefined;
  shop = await startShop(pages);
};
const kept = (page) => page.evaluate(() => Object.keys(localStorage).sort());
const sha256 = (text) => createHash('sha256').update(text).digest('hex');

test('before the choice nothing is stored or sent; after a yes everything is', async () => {
  await start({ '*': shopPage({ before: stubTag() }) });
  const page = await visit('/?gclid=abc&utm_source=ads');
  await page.evaluate(() => {
    window.firsthand.identify({ email: 'Jane@Example.com' });
    window.firsthand.track('purchase', { transaction_id: '1', value: 1, currency: 'EUR' });
    window.states = [];
    window.firsthand.consent.on((state) => window.states.push(state.allow.marketing));
    addEventListener('firsthand:consent', (event) => window.states.push(event.detail.prompt));
  });
  let status = await debug(page);
  assert.equal(status.held, 2);
  assert.equal(status.consent.prompt, true);
  assert.deepEqual(await kept(page), []);
  assert.equal(await page.evaluate(() => document.cookie), '');
  await page.evaluate(() => window.firsthand.flush());
  assert.equal(shop.requests.length + shop.choices.length, 0);
  await page.evaluate(() => window.firsthand.consent.set('all'));
  await until('both events', () => shop.events.length === 2);
  const [batch] = shop.accepted;
  assert.deepEqual(batch.user.em, [sha256('jane@example.com')]);
  for (const form of ['em_g', 'em_r', 'em_m']) assert.equal(batch.user[form], undefined, form);
  assert.deepEqual(batch.touch.last.click, { gclid: 'abc' });
  assert.equal(batch.consent.marketing, true);
  assert.equal(batch.consent.basis, 'explicit');
  assert.deepEqual(await page.evaluate(() => window.states), [true, false]);
  status = await debug(page);
  assert.equal(status.held, 0);
  const next = await visit('/next');
  await until('the next view', () => shop.events.length === 3);
  assert.equal(shop.accepted.at(-1).user.anonymous_id, batch.user.anonymous_id);
  assert.deepEqual(shop.accepted.at(-1).user.em, batch.user.em);
  assert.equal((await debug(next)).consent.prompt, false);
});

test('a no forgets what waited, and only the choice is kept', async () => {
  await start({ '*': shopPage() });
  const page = await visit('/?gclid=abc');
  await page.evaluate(() => window.firsthand.consent.set('none', { evidence: { locale: 'de', ui_version: '3' } }));
  await until('the collector to be told', () => shop.choices.length === 1);
  const { user, consent } = shop.choices[0].body;
  assert.deepEqual(user, {}, 'a visitor without an id gets none');
  assert.deepEqual([consent.marketing, consent.locale, consent.ui_version], [false, 'de', '3']);
  await until('only the choice to be kept', async () => String(await kept(page)) === 'fh.c');
  assert.equal((await debug(page)).dropped.consent_denied, 1);
  const id = await page.evaluate(() => window.firsthand.track('share'));
  assert.equal(id.length, 36);
  const again = await visit('/again');
  await again.evaluate(() => window.firsthand.flush());
  assert.equal(shop.requests.length, 0);
  assert.deepEqual(await kept(again), ['fh.c']);
  assert.equal((await debug(again)).consent.prompt, false);
});

test('analytics alone sends events without match keys', async () => {
  await start({ '*': shopPage() });
  const page = await visit('/?gclid=abc&utm_source=ads');
  await page.evaluate(() => {
    document.cookie = '_fbp=fb.1.1700000000000.123456789';
    document.cookie = '_ga=GA1.1.123456789.1700000000';
    window.firsthand.identify({ email: 'jane@example.com', userId: 'c-7' });
    window.firsthand.consent.set({ analytics: true, marketing: false, personalization: false, third_party_sharing: false });
  });
  await until('the view', () => shop.events.length === 1);
  const { user, touch } = shop.accepted[0];
  assert.deepEqual(Object.keys(user).sort(), ['anonymous_id', 'ga_client', 'user_id']);
  assert.deepEqual(touch.last.click, {});
  assert.deepEqual(touch.last.utm, { source: 'ads' });
  const stored = await page.evaluate(() => JSON.stringify(localStorage));
  assert.ok(!stored.includes('abc') && !stored.includes(sha256('jane@example.com')));
});

test('a withdrawal in one tab stops and clears the other', async () => {
  await start({ '*': shopPage({ attributes: 'data-flush-ms="60000"' }) });
  const one = await visit('/one');
  await one.evaluate(() => window.firsthand.consent.set('all'));
  const two = await visit('/two');
  // It sends at once what the first tab has left, and its own view with it.
  await until('the choice to reach the other tab', async () => {
    const { consent, queued } = await debug(two);
    return consent.allow.analytics && queued === 0;
  });
  await two.evaluate(() => window.firsthand.track('share'));
  assert.equal((await debug(two)).queued, 1);
  await one.evaluate(() => window.firsthand.consent.set('none'));
  await until('the other tab to hear of it', async () => (await debug(two)).consent.allow.analytics === false);
  assert.equal((await debug(two)).queued, 0);
  await until('nothing but the choice to be kept', async () => String(await kept(two)) === 'fh.c');
  await two.evaluate(() => window.firsthand.track('share'));
  await two.evaluate(() => window.firsthand.flush());
  // The views were sent before the withdrawal; nothing is sent after it.
  assert.ok(shop.requests.every(({ body }) => body.events.every((event) => event.name === 'page_view')));
});

test('GPC switches sharing off, and with it match keys', async () => {
  await start({ '*': shopPage({ attributes: 'data-regime="opt_out"' }) });
  const prepare = (page) => page.evaluateOnNewDocument(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true }));
  const page = await visit('/?gclid=abc', { prepare });
  await page.evaluate(() => {
    window.firsthand.identify({ email: 'jane@example.com' });
    window.firsthand.track('login');
  });
  await until('both events', () => shop.events.length === 2);
  const batch = shop.accepted.at(-1);
  assert.equal(batch.consent.gpc, true);
  assert.deepEqual(Object.keys(batch.user), ['anonymous_id']);
  assert.deepEqual(batch.touch.last.click, {});
  const { consent } = await debug(page);
  assert.equal(consent.showOptOutHonoured, true);
  assert.equal(consent.allow.third_party_sharing, false);
});

test('no clear personal value leaves the page, in any spelling', async () => {
  await start({ '*': shopPage({ attributes: 'data-regime="none" data-default-country="DE"' }) });
  const person = {
    email: 'Jane.Roe+x@Gmail.com', phone: '0171 2345678', firstName: 'Zebulon', lastName: "O'Hanrahan", city: 'Quakenbrück', zip: '49610-77',
    state: 'Niedersachsen', country: 'de', dateOfBirth: '1987-06-05', gender: 'f', externalId: 'Customer 4711 X',
  };
  const page = await visit('/?email=jane.roe%40gmail.com#jane.roe@gmail.com');
  await page.evaluate((person) => window.firsthand.identify(person), person);
  await page.evaluate(() => window.firsthand.track('sign_up'));
  await until('two events', () => shop.events.length === 2);
  const { user } = shop.accepted.at(-1);
  assert.deepEqual(user.em, [sha256('jane.roe+x@gmail.com')]);
  for (const form of ['em_g', 'em_r', 'em_m']) assert.deepEqual(user[form], [sha256('janeroe@gmail.com')], form);
  assert.deepEqual(user.ph, [sha256('491712345678')]);
  assert.deepEqual(user.ph_e, [sha256('+491712345678')]);
  const everything = JSON.stringify(shop.requests) + (await page.evaluate(() => JSON.stringify(localStorage) + JSON.stringify(window.firsthand.debug())));
  const base64 = (text) => Buffer.from(text).toString('base64').slice(0, -4);
  for (const clear of ['jane.roe', 'janeroe', '1712345678', '171 2345678', 'zebulon', 'hanrahan', 'quakenbr', '49610', '1987', '19870605', '4711']) {
    for (const form of [clear, encodeURIComponent(clear), clear.toUpperCase(), base64(clear), Buffer.from(clear).toString('hex')]) {
      assert.ok(!everything.toLowerCase().includes(form.toLowerCase()), form);
    }
  }
});

test('refused values are named, digests pass', async () => {
  await start({ '*': shopPage({ attributes: 'data-regime="none"' }) });
  const page = await visit('/');
  const digest = sha256('a@b.example');
  await page.evaluate((digest) => window.firsthand.identify({ email: digest.toUpperCase(), phone: '0171 123', country: 'Nowhere' }), digest);
  await until('the values to be judged', async () => (await debug(page)).refused.length > 0);
  assert.deepEqual((await debug(page)).refused, ['phone', 'country']);
  await page.evaluate(() => window.firsthand.track('login'));
  await until('both events', () => shop.events.length === 2);
  assert.deepEqual(shop.accepted.at(-1).user.em, [digest]);
});

test('reset names another visitor; what waits keeps its own', async () => {
  await start({ '*': shopPage({ attributes: 'data-regime="none" data-flush-ms="60000"' }) });
  const page = await visit('/');
  await page.evaluate(() => {
    window.firsthand.identify({ userId: 'one', email: 'one@example.com' });
    window.firsthand.track('login');
    window.firsthand.reset();
    window.firsthand.track('share');
    return window.firsthand.flush();
  });
  await until('three events', () => shop.events.length === 3);
  const of = (name) => shop.accepted.find((batch) => batch.events.some((event) => event.name === name)).user;
  assert.equal(of('login').user_id, 'one');
  assert.equal(of('share').user_id, undefined);
  assert.equal(of('share').em, undefined);
  assert.notEqual(of('share').anonymous_id, of('login').anonymous_id);
});

const none = { marketing: false, analytics: false, personalization: false, third_party_sharing: false };

test('a withdrawal reaches the collector, and only the choice is kept then', async () => {
  await start({ '*': shopPage() });
  const page = await visit('/');
  await page.evaluate(() => window.firsthand.consent.set('all'));
  await until('the view', () => shop.events.length === 1);
  await until('the yes', () => shop.choices.length === 1);
  assert.equal(shop.choices[0].body.consent.marketing, true);
  await page.evaluate(() => window.firsthand.consent.set({ personalization: false }));
  await until('the change', () => shop.choices.length === 2);
  await page.evaluate(() => window.firsthand.consent.set('none', { basis: 'banner', afterGpcNotice: true }));
  assert.equal(await page.evaluate(() => window.firsthand.consent.get().afterGpcNotice), true);
  await until('the withdrawal', () => shop.choices.length === 3);
  const { body } = shop.choices[2];
  for (const choice of shop.choices) assert.deepEqual(choice.body.user, { anonymous_id: shop.accepted[0].user.anonymous_id });
  const { at, ...said } = body.consent;
  assert.deepEqual(said, { regime: 'opt_in', policy: 1, gpc: false, basis: 'banner', after_gpc_notice: true, ...none });
  assert.ok(body.v === 1 && body.write_key === 'pk_test' && at > 0 && body.sent_at >= at);
  await until('only the choice to be kept', async () => String(await kept(page)) === 'fh.c');
});

test('a withdrawal nobody took is told by the next visit, until it is taken', async () => {
  await start({ '*': shopPage() });
  const page = await visit('/');
  await page.evaluate(() => window.firsthand.consent.set('all'));
  await until('the view', () => shop.events.length === 1);
  await until('the yes to be taken', async () => shop.choices.length === 1 && !(await kept(page)).includes('fh.w'));
  shop.consentAnswers.push(503, 0, 0, 503);
  await page.evaluate(() => window.firsthand.consent.set('none'));
  await until('the first try', () => shop.choices.length >= 2);
  assert.deepEqual(await kept(page), ['fh.c', 'fh.w']);
  const stored = JSON.parse(await page.evaluate(() => localStorage.getItem('fh.w')));
  assert.deepEqual({ ...stored, sent_at: 0 }, { ...shop.choices[1].body, sent_at: 0 });
  const next = await visit('/next');
  await until('it is taken', async () => {
    await next.evaluate(() => dispatchEvent(new Event('online')));
    return shop.choices.at(-1).status === 202 && shop.choices.length > 2;
  });
  await until('only the choice to be kept', async () => String(await kept(next)) === 'fh.c');
});

test('a sale goes at once, whatever other events wait for', async () => {
  await start({ '*': shopPage({ attributes: 'data-regime="none" data-flush-ms="60000"' }) });
  const page = await visit('/');
  await page.evaluate(() => window.firsthand.track('purchase', { transaction_id: '7', value: 1, currency: 'EUR' }));
  await until('the sale and the view before it', () => shop.events.length === 2);
});
