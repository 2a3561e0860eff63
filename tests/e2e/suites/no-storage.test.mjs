// A visitor whose browser stores nothing goes the whole way: banner, yes, purchase, withdrawal. No error reaches the page, nothing is kept, what may be
// sent is sent. Denied by the browser's own settings, and by accessors that throw, as in frames without an origin.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { available, launch, launchBlocked } from '../lib/browser.mjs';
import { elsewhere, foreign, stored, watch } from '../lib/observe.mjs';
import { BLANK, Pages, page as testPage } from '../lib/pages.mjs';
import { Visitor } from '../lib/shop.mjs';
import { Stack } from '../lib/stack.mjs';
import { until } from '../lib/wait.mjs';

const EMAIL = 'ada@zauberwald-post.example';
const DIGEST = createHash('sha256').update(EMAIL).digest('hex');
const CLICK = 'Cj0KCQ-nothing-kept';
const BODY = `<button id="buy">Buy</button> <a href="#firsthand-consent" id="settings">Cookie settings</a>
<script>
  document.getElementById('buy').onclick = () => {
    firsthand.identify({ email: '${EMAIL}' });
    window.bought = firsthand.track('purchase', { transaction_id: 'T-' + window.order, value: 29.9, currency: 'EUR' });
  };
</script>`;

/** Every way to the storage throws. */
function denyAll() {
  const deny = () => {
    throw new DOMException('denied', 'SecurityError');
  };
  for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches', 'cookieStore']) {
    Object.defineProperty(window, name, { get: deny, configurable: true });
  }
  Object.defineProperty(Document.prototype, 'cookie', { get: deny, set: deny, configurable: true });
  Object.defineProperty(Navigator.prototype, 'serviceWorker', { get: deny, configurable: true });
}

const WAYS = {
  'by its settings': { open: launchBlocked },
  'by accessors that throw': { open: launch, prepare: denyAll },
};

for (const kind of available()) {
  for (const [way, { open, prepare }] of Object.entries(WAYS)) {
    describe(`${kind} that stores nothing ${way}`, () => {
      let stack, pages, browser, page, visitor, addresses;

      before(async () => {
        pages = await Pages.start();
        stack = await Stack.start({ settleMs: 100, origins: [pages.url] });
        browser = await open(kind);
      });
      after(async () => {
        await browser?.close();
        await stack?.stop();
        await pages?.stop();
      });
      beforeEach(async () => {
        stack.proxy.requests.length = 0;
        page = await browser.newPage();
        if (prepare) await page.evaluateOnNewDocument(prepare);
        visitor = new Visitor(page, pages.url);
        addresses = watch(page);
      });
      afterEach(async () => {
        assert.deepEqual(visitor.errors, [], 'nothing may be thrown at the page');
        await page.close();
      });
      const posts = (path) => stack.proxy.requests.filter((r) => r.method === 'POST' && r.path === path);
      const events = () => stack.proxy.accepted().flatMap((batch) => batch.events);

      /** What the browser has, read by a page that nobody has tampered with. */
      const kept = async () => {
        const other = await browser.newPage();
        await other.goto(pages.put('/blank', BLANK));
        const found = await stored(other, browser.defaultBrowserContext());
        await other.close();
        return found;
      };

      test('banner, yes, purchase, withdrawal', async () => {
        pages.put('/shop', testPage({ collector: stack.proxy.url, body: BODY }));
        await visitor.open('/shop', `?gclid=${CLICK}`);
        const status = await visitor.sdk();
        const isDenied = (name) => page.evaluate((name) => { try { return !window[name]; } catch { return true; } }, name);
        assert.deepEqual([await isDenied('localStorage'), await isDenied('sessionStorage')], [true, true], 'the storage is really denied');
        assert.deepEqual([status.state, status.storage, status.held], ['ready', 'memory', 1]);
        assert.deepEqual(stack.proxy.requests.filter(({ method }) => method === 'POST'), []);

        await visitor.accept();
        const order = `${kind}-${prepare ? 'thrown' : 'set'}`;
        await page.evaluate((order) => { window.order = order; document.getElementById('buy').click(); }, order);
        const bought = await page.evaluate(() => window.bought);
        assert.equal(bought, `purchase:T-${order}`);
        await until('view and purchase', () => ['page_view', 'purchase'].every((name) => events().some((event) => event.name === name)));
        await visitor.sent();
        const batch = stack.proxy.accepted().find(({ events }) => events.some(({ id }) => id === bought));
        assert.deepEqual([batch.user.em, batch.touch.last.click], [[DIGEST], { gclid: CLICK }]);
        assert.deepEqual(await stack.fate(bought), { meta: 'delivered', tiktok: 'delivered', ga4: 'delivered' });

        // Through the page's own link and the preferences, as a visitor does it.
        await page.evaluate(() => document.getElementById('settings').click());
        await visitor.banner('Reject all');
        await until('the collector knows', () => posts('/v1/consent').some((r) => r.status === 202 && r.body.includes('"marketing":false')));
        const told = JSON.parse(posts('/v1/consent').at(-1).body);
        assert.equal(told.user.anonymous_id, batch.user.anonymous_id, 'under the id of the events');
        const late = await page.evaluate(() => {
          const id = window.firsthand.track('sign_up', { method: 'letter' });
          return window.firsthand.flush().then(() => id);
        });
        assert.ok(!stack.proxy.requests.some(({ body }) => body.includes(late)), 'nothing leaves any more');
        const end = await visitor.status();
        assert.deepEqual([end.held, end.queued, end.dropped], [0, 0, { consent_denied: 1 }]);

        const left = await kept();
        assert.deepEqual([left.local, left.cookies, elsewhere(left)], [{}, [], []]);
        assert.deepEqual(foreign(addresses, [pages.url, stack.proxy.url]), []);
      });

      test('on the next page nobody remembers: the visitor is asked again, and nothing leaves meanwhile', async () => {
        pages.put('/shop', testPage({ collector: stack.proxy.url, body: BODY }));
        await visitor.open('/shop');
        await visitor.sdk();
        await visitor.refuse();
        await until('the refusal is told', () => posts('/v1/consent').some(({ status }) => status === 202));
        assert.deepEqual(JSON.parse(posts('/v1/consent')[0].body).user, {}, 'it names nobody');
        await visitor.open('/shop');
        await visitor.sdk();
        await page.evaluate(() => window.firsthand.flush());
        assert.equal(await page.evaluate(() => window.firsthand.consent.get().prompt), true);
        assert.deepEqual([posts('/v1/events').length, posts('/v1/consent').length], [0, 1]);
      });

      test('the storefront keeps selling', async () => {
        const shopper = new Visitor(page, stack.shopUrl);
        await shopper.open('/');
        await shopper.sdk();
        await shopper.accept();
        await shopper.addToCart('mug-harbour');
        await shopper.accept();
        await shopper.sent();
        assert.ok(events().some((event) => event.name === 'add_to_cart'));
        assert.deepEqual(shopper.errors, []);
      });
    });
  }
}
