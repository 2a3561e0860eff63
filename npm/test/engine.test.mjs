// The consent engine in the page: the rule of the region, what is kept when the rule or the choice changes, and how soon a no counts.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { debug, ready, shopPage, startBrowser, startShop, until } from './harness.mjs';

const DAY_MS = 86_400_000;
const ID = '0199d2a4-0000-7000-8000-000000000001';
let shop, chrome, context;
before(async () => {
  chrome = await startBrowser();
});
after(() => chrome.close());
afterEach(async () => {
  await context?.close();
  await shop.close();
  assert.deepEqual(chrome.errors.splice(0), []);
});

const start = async (attributes = '', region) => {
  context = await chrome.browser.createBrowserContext();
  shop = await startShop({ '*': shopPage({ attributes }), '/empty': '<!doctype html><title>empty</title>' });
  shop.region = region;
};
const visit = async (path = '/', prepare) => {
  const page = await chrome.open(shop.url + path, { context, prepare });
  await ready(page);
  return page;
};
/** Puts something into the storage before the SDK runs. */
const store = async (entries) => {
  const page = await chrome.open(shop.url + '/empty', { context });
  await page.evaluate((entries) => Object.entries(entries).forEach(([key, value]) => localStorage.setItem(key, value)), entries);
  await page.close();
};
/** What the page keeps, once it has read the collector's answer to a choice. */
const kept = async (page) => {
  await until('the choice to be answered', () => page.evaluate(() => localStorage.getItem('fh.w') === null));
  return page.evaluate(() => Object.keys(localStorage).sort().join(' '));
};
const consentOf = async (page) => (await debug(page)).consent;
const withGpc = (page) => page.evaluateOnNewDocument(() => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { value: true }));
const choice = (answers, { at = Date.now() - 1_000, policy = 1, notice = 0 } = {}) => `1 ${policy} ${at} ${answers} ${notice} 0 explicit`;
/** What a page with a yes leaves behind: id, segment with a digest and a click id, one event. */
const leftovers = () => ({
  'fh.a': `${ID} 0123456789abcdef`.slice(0, 37 + 8),
  'fh.s': '1 1 1 ',
});

test('the page works by the rule of its region', async () => {
  await start('', { regime: 'opt_out', gpc_required: true, policy_version: 3, max_age_days: 30, gpc_scope: 'all', gpc_mode: 'strict' });
  const page = await visit();
  await until('the view', () => shop.events.length === 1);
  assert.equal(shop.regionAsked, 1);
  assert.equal(shop.accepted[0].consent.regime, 'opt_out');
  const consent = await consentOf(page);
  assert.deepEqual([consent.regime, consent.policy, consent.prompt, consent.bases.analytics], ['opt_out', 3, false, 'regime']);
  assert.ok(!(await kept(page)).includes('region'), 'the answer is kept in memory only');
  const signalled = await visit('/gpc', withGpc);
  const { allow, bases } = await consentOf(signalled);
  assert.deepEqual(allow, { marketing: false, analytics: true, personalization: false, third_party_sharing: false });
  assert.equal(bases.marketing, 'gpc');
});

test('a signal counts where the region says that the law demands it', async () => {
  await start('', { regime: 'opt_out', gpc_required: false, policy_version: 1, max_age_days: 180, gpc_scope: 'required', gpc_mode: 'statutory' });
  const page = await visit('/', withGpc);
  assert.equal((await consentOf(page)).allow.third_party_sharing, true);
  shop.region = { ...shop.region, gpc_required: true };
  assert.equal((await consentOf(await visit('/', withGpc))).allow.third_party_sharing, false);
});

test('without an answer the strictest rule holds, and nothing was stored or sent meanwhile', async () => {
  for (const region of ['hang', undefined, { regime: 'all' }, [], { error: { code: 'overloaded' } }]) {
    await start('', region);
    const page = await visit();
    const status = await debug(page);
    assert.deepEqual([status.consent.regime, status.consent.prompt, status.held], ['opt_in', true, 1], JSON.stringify(region));
    assert.equal(await kept(page), '');
    assert.equal(shop.requests.length, 0);
    if (region === 'hang') await context.close();
    await shop.close();
  }
  await start();
});

test('a page with a regime of its own asks nobody, unless it wants to', async () => {
  await start('data-regime="none"', { regime: 'opt_in', policy_version: 1 });
  assert.equal((await consentOf(await visit())).regime, 'none');
  assert.equal(shop.regionAsked, 0);
  await shop.close();
  await start('data-regime="none" data-region="on"', { regime: 'opt_out', policy_version: 1 });
  assert.equal((await consentOf(await visit())).regime, 'opt_out', 'the stricter counts');
  await shop.close();
  await start('data-regime="opt_in" data-region="on"', { regime: 'none', policy_version: 1 });
  assert.equal((await consentOf(await visit())).regime, 'opt_in');
});

test('the age band decides, and travels', async () => {
  await start('data-regime="opt_out" data-age-band="13_15"');
  const teen = await visit();
  const { allow, bases } = await consentOf(teen);
  assert.deepEqual([allow.analytics, allow.third_party_sharing, bases.third_party_sharing], [true, false, 'age']);
  await until('the view', () => shop.events.length === 1);
  assert.equal(shop.accepted[0].consent.age_band, '13_15');
  await shop.close();
  for (const band of ['under_13', 'twelve']) {
    await start(`data-regime="none" data-age-band="${band}"`);
    const child = await visit();
    await child.evaluate(() => window.firsthand.flush());
    const status = await debug(child);
    assert.deepEqual([status.consent.allow.analytics, status.consent.prompt, status.dropped.consent_denied], [false, false, 1], band);
    assert.equal(shop.requests.length, 0);
    assert.equal(await kept(child), '');
    await shop.close();
  }
  await start();
});

test('what may not be kept any more is gone after the next load, and the visitor is asked again', async () => {
  const past = Date.now() - 200 * DAY_MS;
  for (const [why, stored, attributes] of [
    ['expired', choice('1111', { at: past }), ''],
    ['another policy', choice('1111'), 'data-policy-version="2"'],
    ['clock set back', choice('1111', { at: Date.now() + DAY_MS }), ''],
    ['edited', choice('1111').replace('1111', '11x1'), ''],
    ['cut off', '1 1 17', ''],
    ['another version', choice('1111').replace('1 ', '2 '), ''],
    ['edited where no choice is a yes', 'yes', 'data-regime="opt_out"'],
  ]) {
    await start('data-regime="opt_in" ' + attributes);
    await store({ 'fh.c': stored, ...leftovers(), 'fh.e.x.y': 'something' });
    const page = await visit();
    const status = await debug(page);
    assert.deepEqual([status.consent.prompt, status.consent.allow.analytics, status.held], [true, false, 1], why);
    assert.equal(await kept(page), 'fh.c', why);
    await page.evaluate(() => window.firsthand.flush());
    assert.equal(shop.requests.length, 0, why);
    await page.evaluate(() => window.firsthand.consent.set('all'));
    await until(why + ': the view after a yes', () => shop.events.length === 1);
    assert.notEqual(shop.accepted[0].user.anonymous_id, ID, why);
    await context.close();
    await shop.close();
  }
  await start();
});

test('a signal that is new takes the match keys out of the storage', async () => {
  await start('data-regime="opt_in"');
  const first = await visit('/?gclid=Cj0abc');
  await first.evaluate(() => window.firsthand.consent.set('all'));
  await until('the view', () => shop.events.length === 1);
  const stored = (page) => page.evaluate(() => JSON.stringify(localStorage));
  assert.ok((await stored(first)).includes('Cj0abc'));
  await first.close();
  const page = await visit('/', withGpc);
  const { allow, bases } = await consentOf(page);
  assert.deepEqual([allow.analytics, allow.third_party_sharing, bases.third_party_sharing], [true, false, 'gpc']);
  assert.ok(!(await stored(page)).includes('Cj0abc'));
});

test('a choice that ends in an open tab is noticed there: what was kept goes, the listeners are told', async () => {
  await start('data-regime="opt_in"');
  const page = await visit();
  await page.evaluate(() => {
    window.firsthand.consent.set('all');
    window.states = [];
    window.firsthand.consent.on((state) => window.states.push(state.prompt));
  });
  await until('the view', () => shop.events.length === 1);
  const before = shop.requests.length;
  await page.evaluate((stored) => {
    localStorage.setItem('fh.c', stored);
    window.firsthand.track('share');
    return window.firsthand.flush();
  }, choice('1111', { at: Date.now() - 200 * DAY_MS }));
  assert.deepEqual(await page.evaluate(() => window.states), [false, true]);
  assert.equal(shop.requests.length, before);
  assert.equal(await kept(page), 'fh.c');
  assert.equal((await debug(page)).held, 1);
});

test('a no that another tab wrote counts before the next send, on return and on waking', async () => {
  for (const wake of [
    () => window.firsthand.flush(),
    () => dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true })),
    () => dispatchEvent(new Event('online')),
  ]) {
    await start('data-regime="opt_in" data-flush-ms="60000"');
    const page = await visit();
    await page.evaluate(() => window.firsthand.consent.set('all'));
    await until('the view to wait', async () => (await debug(page)).queued === 1);
    // No storage event: a tab in the back/forward cache hears none.
    await page.evaluate((stored) => localStorage.setItem('fh.c', stored), choice('0000'));
    await page.evaluate(wake);
    assert.equal(await kept(page), 'fh.c');
    assert.equal(shop.requests.length, 0);
    await context.close();
    await shop.close();
  }
  await start();
});

test('a request under way is ended by a withdrawal, of sharing alone too', async () => {
  for (const [answer, leaves] of [['none', false], [{ third_party_sharing: false }, true]]) {
    await start('data-regime="opt_in"');
    shop.answers.push('hang');
    const page = await visit('/?gclid=Cj0abc');
    await page.evaluate(() => window.firsthand.consent.set('all'));
    await until('the request', () => shop.requests.length === 1);
    assert.ok(JSON.stringify(shop.requests[0].body).includes('Cj0abc'));
    await page.evaluate((answer) => window.firsthand.consent.set(answer), answer);
    // What Chromium has handed to the network as keepalive may still arrive; the collector is told of the choice itself.
    await until('its end', async () => (await debug(page)).lastSends[0]?.status === 0);
    if (leaves) {
      await until('the event without match keys', () => shop.events.length === 1);
      assert.ok(!JSON.stringify(shop.accepted[0]).includes('Cj0abc'));
    } else {
      await page.evaluate(() => window.firsthand.flush());
      assert.equal(shop.requests.length, 1);
    }
    await context.close();
    await shop.close();
  }
  await start();
});

test('a no that cannot be written leaves no older yes behind', async () => {
  await start('data-regime="opt_in"');
  const page = await visit();
  await page.evaluate(() => window.firsthand.consent.set('all'));
  await until('the view', () => shop.events.length === 1);
  await page.evaluate(() => {
    Storage.prototype.setItem = () => {
      throw new DOMException('full', 'QuotaExceededError');
    };
    window.firsthand.consent.set('none');
  });
  assert.equal((await consentOf(page)).choice.analytics, false);
  assert.equal(await kept(page), '');
  await page.close();
  const next = await visit('/next');
  const { prompt, allow } = await consentOf(next);
  assert.deepEqual([prompt, allow.analytics], [true, false]);
});

test('every regime, choice and signal: what is stored and what leaves is what is allowed', async () => {
  for (const regime of ['opt_in', 'opt_out', 'none']) {
    for (const gpc of [false, true]) {
      for (const said of [undefined, 'all', 'none']) {
        const name = `${regime} gpc=${gpc} ${said}`;
        await start(`data-regime="${regime}"`);
        if (said) await store({ 'fh.c': choice(said === 'all' ? '1111' : '0000') });
        const page = await visit('/?gclid=Cj0abc', gpc ? withGpc : undefined);
        const isSent = said === 'all' || (said === undefined && regime !== 'opt_in');
        if (isSent) await until(name, () => shop.events.length === 1);
        await page.evaluate(() => window.firsthand.flush());
        assert.equal(shop.requests.length > 0, isSent, name);
        const everything = JSON.stringify(shop.requests) + (await page.evaluate(() => JSON.stringify(localStorage)));
        assert.equal(everything.includes('Cj0abc'), isSent && !gpc, name);
        if (!isSent) assert.equal(await kept(page), said ? 'fh.c' : '', name);
        await context.close();
        await shop.close();
      }
    }
  }
  await start();
});

test("a refusal takes the platforms' cookies away, where the page wants it", async () => {
  for (const [attributes, left] of [['data-clear-cookies', 'cart=1'], ['', 'cart=1; _ga_X=GS1.1.1; _fbp=fb.1.2.3; _ga=GA1.1.2.3']]) {
    context = await chrome.browser.createBrowserContext();
    shop = await startShop({ '*': shopPage({ attributes: 'data-regime="opt_in"', body: `<script src="/sdk/blocker.js" ${attributes}></script>` }) });
    const page = await visit();
    await page.evaluate(() => {
      for (const cookie of ['cart=1', '_ga_X=GS1.1.1', '_fbp=fb.1.2.3', '_ga=GA1.1.2.3']) document.cookie = cookie + '; path=/';
      window.firsthand.consent.set('all');
    });
    await until('the yes', async () => (await consentOf(page)).allow.marketing);
    assert.match(await page.evaluate(() => document.cookie), /_fbp/, 'a yes leaves them');
    await page.evaluate(() => window.firsthand.consent.set('none'));
    await until('what is left', async () => (await page.evaluate(() => document.cookie)).split('; ').sort().join() === left.split('; ').sort().join());
    await context.close();
    await shop.close();
  }
  await start();
});
