// Refuse, accept, wait and then accept, withdraw in the middle, Global Privacy Control: what is stored and what leaves.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { names } from '../lib/arrivals.mjs';
import { available, launch } from '../lib/browser.mjs';
import { Visitor } from '../lib/shop.mjs';
import { Stack } from '../lib/stack.mjs';
import { until } from '../lib/wait.mjs';

for (const kind of available()) {
  describe(`consent in ${kind}`, () => {
    let stack;
    let browser;
    let context;
    let visitor;

    before(async () => {
      stack = await Stack.start({ settleMs: 300 });
      browser = await launch(kind);
    });
    after(async () => {
      await browser?.close();
      await stack?.stop();
    });
    beforeEach(async () => {
      stack.proxy.requests.length = 0;
      await stack.control('POST', 'reset');
      context = await browser.createBrowserContext();
      visitor = new Visitor(await context.newPage(), stack.shopUrl);
    });
    afterEach(async () => {
      assert.deepEqual(visitor.errors, [], 'nothing may be thrown at the page');
      await context.close();
    });

    const firsthandStorage = () =>
      visitor.page.evaluate(() => Object.keys(localStorage).filter((key) => key.startsWith('fh.')).sort());
    const posts = () => stack.proxy.requests.filter((r) => r.method === 'POST');

    test('before a choice nothing is stored and nothing is sent', async () => {
      await visitor.open('/', '?gclid=Cj0KCQ-before&utm_source=news');
      const status = await visitor.sdk();
      assert.equal(status.consent.prompt, true);
      assert.ok(status.held >= 1, 'the page view waits in memory');
      assert.deepEqual(await firsthandStorage(), []);
      assert.deepEqual(await context.cookies(), []);
      assert.deepEqual(posts(), []);
    });

    test('a refusal forgets what waited, for good', async () => {
      await visitor.open('/', '?fbclid=IwAR-refused');
      await visitor.sdk();
      await visitor.refuse();
      await visitor.addToCart('mug-harbour');
      const status = await visitor.status();
      assert.equal(status.held, 0);
      assert.equal(status.queued, 0);
      assert.ok(status.dropped.consent_denied >= 2, 'what was not sent is counted with its reason');
      await until('only the choice itself is kept', async () => String(await firsthandStorage()) === 'fh.c');
      // The refusal itself is told, for the ledger, again by the next page if it left too early; it names nobody.
      assert.ok(posts().length > 0, 'the refusal is told');
      for (const { path, body } of posts()) {
        assert.equal(path, '/v1/consent');
        const { user, consent } = JSON.parse(body);
        assert.deepEqual(user ?? {}, {});
        assert.equal(consent.analytics, false);
      }
      assert.deepEqual(await context.cookies(), []);
      assert.deepEqual((await stack.arrived()).events, []);
    });

    test('what waited for the choice is sent after a yes, with the click it came by', async () => {
      await visitor.open('/', '?gclid=Cj0KCQ-waited&utm_source=google&utm_medium=cpc');
      await visitor.sdk();
      await visitor.open('/product.html', '?id=bowl-tide');
      await visitor.sdk();
      await visitor.accept();
      await visitor.sent();
      const [batch] = stack.proxy.accepted();
      const sent = stack.proxy.accepted().flatMap((b) => b.events.map((e) => e.name));
      assert.ok(sent.includes('page_view') && sent.includes('view_item'), sent.join());
      assert.equal(batch.consent.marketing, true);
      await stack.drained();
      await until('all three platforms have the view', async () => {
        const { events } = await stack.arrived();
        return ['meta', 'tiktok', 'ga4'].every((p) => names(events, p).some((n) => /view_item|ViewContent/.test(n)));
      });
    });

    test('a withdrawal in the middle stops what waits, clears the ids and reaches the collector', async () => {
      await visitor.open('/');
      await visitor.sdk();
      await visitor.accept();
      await visitor.sent();
      stack.proxy.down();
      await visitor.page.evaluate(() => window.firsthand.track('add_to_wishlist', { currency: 'EUR', value: 29.9 }));
      await until('it waits', async () => (await visitor.status()).queued > 0);
      stack.proxy.up();
      await visitor.page.evaluate(() => window.firsthand.consent.set('none'));
      await until('the outbox is cleared', async () => (await visitor.status()).queued === 0);
      await until('the collector knows', () =>
        stack.proxy.requests.some((r) => r.method === 'POST' && r.path.startsWith('/v1/consent') && r.status === 202 && r.body.includes('"marketing":false')));
      await until('only the choice is kept', async () => String(await firsthandStorage()) === 'fh.c');
      const sent = stack.proxy.accepted().flatMap((b) => b.events.map((e) => e.name));
      assert.ok(!sent.includes('add_to_wishlist'), sent.join());
    });

    test('what the collector has not yet forwarded stops with a withdrawal', async () => {
      await stack.control('POST', 'fault', { platform: 'meta', kind: 'outage_503' });
      await stack.control('POST', 'fault', { platform: 'tiktok', kind: 'outage_503' });
      try {
        await visitor.open('/');
        await visitor.sdk();
        await visitor.accept();
        const id = await visitor.page.evaluate(() => window.firsthand.track('sign_up', { method: 'newsletter' }));
        await visitor.sent();
        await visitor.page.evaluate(() => window.firsthand.consent.set('none'));
        await until('the collector knows', () =>
          stack.proxy.requests.some((r) => r.method === 'POST' && r.path.startsWith('/v1/consent') && r.status === 202 && r.body.includes('"marketing":false')));
        await stack.control('DELETE', 'fault');
        const event = await until('Meta and TikTok never get it', async () => {
          const found = (await stack.inspect()).find((e) => e.event_id === id);
          const states = found?.destinations.filter((d) => d.name !== 'ga4').map((d) => d.state) ?? [];
          return states.length === 2 && states.every((s) => s === 'suppressed') ? found : null;
        });
        assert.ok(event.destinations.some((d) => /withdr/.test(d.reason ?? '')), JSON.stringify(event.destinations));
        const { events } = await stack.arrived({ event_id: id });
        assert.deepEqual(events.filter((r) => r.platform !== 'ga4' && r.verdict === 'accepted'), []);
      } finally {
        await stack.control('DELETE', 'fault');
      }
    });

    test('analytics alone reaches Google Analytics and no ad platform', async () => {
      await visitor.open('/', '?fbclid=IwAR-analytics-only');
      await visitor.sdk();
      const id = await visitor.page.evaluate(() => {
        window.firsthand.consent.set({ analytics: true, marketing: false, personalization: false, third_party_sharing: false });
        window.firsthand.identify({ email: 'someone@example.org' });
        return window.firsthand.track('login', { method: 'password' });
      });
      await visitor.sent();
      const batch = stack.proxy.accepted().at(-1);
      assert.equal(batch.user.em, undefined, 'no digest leaves without marketing and sharing');
      assert.deepEqual(batch.touch.last?.click ?? {}, {}, 'nor does a click id');
      await stack.drained();
      const { events } = await stack.arrived({ event_id: id });
      assert.deepEqual(events.filter((r) => r.platform !== 'ga4'), []);
      const event = (await stack.inspect()).find((e) => e.event_id === id);
      for (const name of ['meta', 'tiktok']) {
        const there = event.destinations.find((d) => d.name === name);
        assert.equal(there.state, 'suppressed');
        assert.match(there.reason, /consent/);
      }
    });

    test('a reset page is another visitor, for the collector too', async () => {
      const cookie = async () => (await context.cookies()).find(({ name }) => name === 'fh_id')?.value;
      await visitor.open('/');
      await visitor.sdk();
      await visitor.accept();
      await visitor.sent();
      const before = await until('the cookie', cookie);
      // The page is left at once: what was reset is known to the next one.
      await visitor.page.evaluate(() => window.firsthand.reset());
      await visitor.open('/product.html', '?id=bowl-tide');
      await visitor.sdk();
      const id = await visitor.page.evaluate(() => window.firsthand.track('login', { method: 'password' }));
      await visitor.sent();
      const after = await until('another cookie', async () => {
        const now = await cookie();
        return now !== before && now;
      });
      const batch = stack.proxy.accepted().find((b) => b.events.some((e) => e.id === id));
      assert.equal(batch.user.anonymous_id, after);
      await visitor.open('/');
      await visitor.sent();
      assert.equal(await cookie(), after, 'and it stays');
      assert.equal(stack.proxy.accepted().at(-1).user.reset, undefined, 'told until the collector has followed');
    });

    test('Global Privacy Control stops sharing whatever was accepted', async () => {
      await visitor.page.evaluateOnNewDocument(() => {
        Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true, configurable: true });
      });
      await visitor.open('/');
      await visitor.sdk();
      await visitor.banner('Accept all');
      await until('the choice is kept', async () => !(await visitor.page.evaluate(() => window.firsthand.consent.get().prompt)));
      const allow = await visitor.allowed();
      assert.deepEqual(allow, { marketing: true, analytics: true, personalization: true, third_party_sharing: false });
      const id = await visitor.page.evaluate(() => window.firsthand.track('login', {}));
      await visitor.sent();
      await stack.drained();
      const { events } = await stack.arrived({ event_id: id });
      assert.deepEqual(events.filter((r) => r.platform !== 'ga4'), []);
    });
  });
}
