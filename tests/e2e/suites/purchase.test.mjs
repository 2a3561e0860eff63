// From the ad click to the platforms' books: one order, seen by the page and by the backend, counted once everywhere.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { counted, refused, taken } from '../lib/arrivals.mjs';
import { available, launch } from '../lib/browser.mjs';
import { CUSTOMER, Visitor } from '../lib/shop.mjs';
import { Stack } from '../lib/stack.mjs';
import { until } from '../lib/wait.mjs';

const sha256 = (text) => createHash('sha256').update(text).digest('hex');

for (const kind of available()) {
  describe(`a purchase in ${kind}`, () => {
    let stack;
    let browser;
    let context;
    let visitor;

    before(async () => {
      stack = await Stack.start({ settleMs: 3000 });
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

    const delivered = async (id) => {
      await until('page and backend have both reported the order', async () =>
        (await stack.inspect()).find((e) => e.event_id === id && e.sources.length === 2));
      await stack.drained();
      return until('all platforms have the order', async () => {
        const { events } = await stack.arrived();
        const ofOrder = events.filter((r) => r.event_id === id || `purchase:${r.transaction_id}` === id);
        const has = (p, n) => taken(ofOrder, p, n).length > 0;
        return has('meta', 'Purchase') && has('tiktok', 'Purchase') && has('ga4', 'purchase') ? ofOrder : null;
      });
    };

    test('is delivered once, with its money exact and its click ids in their places', async () => {
      const clickedAfter = Date.now();
      await visitor.open('/', '?fbclid=IwAR0CaseKept&ttclid=E.C.P.ClickOne&gclid=Cj0KCQiA-Gclid_1&utm_source=mix&utm_medium=cpc');
      await visitor.sdk();
      await visitor.accept();
      const order = await visitor.buy('mug-harbour');
      await visitor.sent();
      const id = `purchase:${order}`;
      const events = await delivered(id);
      assert.deepEqual(refused((await stack.arrived()).events), [], 'no platform refuses anything');

      for (const platform of ['meta', 'tiktok']) {
        assert.equal(counted(events, platform, id), 1, `${platform} counts pixel and server copy once`);
        const copies = events.filter((r) => r.platform === platform && r.event_id === id);
        assert.deepEqual(new Set(copies.map((r) => r.channel)), new Set(['browser', 'server']), `${platform} saw both copies`);
      }
      assert.equal(taken(events, 'ga4', 'purchase').length, 1);

      const [meta] = taken(events, 'meta', 'Purchase');
      const [tiktok] = taken(events, 'tiktok', 'Purchase');
      const [ga4] = taken(events, 'ga4', 'purchase');
      const total = { value: 29.9, currency: 'EUR' };
      for (const record of [meta, tiktok, ga4]) {
        assert.deepEqual({ value: record.value, currency: record.currency }, total);
      }

      const digests = { em: sha256(CUSTOMER.email.toLowerCase()), ph: sha256('491719876543') };
      const user = meta.payload.user_data;
      assert.deepEqual([user.em].flat(), [digests.em]);
      assert.deepEqual([user.ph].flat(), [digests.ph]);
      assert.deepEqual([user.fn].flat(), [sha256('quirin')]);
      assert.deepEqual([user.zp].flat(), [sha256('qz79xj')]);
      const [version, , clickedAt, fbclid] = user.fbc.split('.');
      assert.deepEqual([version, fbclid], ['fb', 'IwAR0CaseKept']);
      assert.ok(Number(clickedAt) >= clickedAfter && Number(clickedAt) <= Date.now(), user.fbc);
      assert.ok(user.client_user_agent.length > 10);

      assert.equal(tiktok.payload.user.ttclid, 'E.C.P.ClickOne');
      assert.deepEqual([tiktok.payload.user.phone].flat(), [sha256('+491719876543')]);
      assert.match(JSON.stringify(ga4.payload), /gclid=Cj0KCQiA-Gclid_1/);
    });

    /** Brings the visitor to the checkout with an empty outbox. */
    const atCheckout = async () => {
      await visitor.open('/');
      await visitor.sdk();
      await visitor.accept();
      await visitor.addToCart('vase-reed');
      await visitor.fillCheckout();
      await visitor.sent();
    };
    const pay = (transaction_id) =>
      visitor.page.evaluate((order) =>
        window.firsthand.track('purchase', { transaction_id: order, value: 59.9, currency: 'EUR' }), transaction_id);
    const comeBack = async () => {
      visitor = new Visitor(await context.newPage(), stack.shopUrl);
      await visitor.open('/');
      await visitor.sdk();
      await visitor.sent();
    };
    /** Every platform counts the order once, and the collector sent it once to each. */
    const countedOnceEverywhere = async (id) => {
      await stack.drained();
      const { events } = await stack.arrived();
      const of = (platform) => events.filter((r) => r.platform === platform && (r.event_id === id || `purchase:${r.transaction_id}` === id));
      for (const platform of ['meta', 'tiktok', 'ga4']) {
        assert.deepEqual(of(platform).map((r) => [r.channel, r.verdict, r.counted]), [['server', 'accepted', true]], platform);
      }
    };

    test('a tab killed at the checkout, before anything was sent, loses nothing', async () => {
      await atCheckout();
      stack.proxy.down();
      const id = await pay(`killed-${kind}`);
      assert.equal(id, `purchase:killed-${kind}`);
      const copies = () => stack.proxy.batches().flatMap((b) => b.events).filter((e) => e.id === id).length;
      const hasCrashed = await visitor.crash();
      assert.equal(copies(), 0, 'nothing of it has left the tab');
      stack.proxy.up();
      await comeBack();
      // A tab that is closed has a last word, and Firefox repeats a request whose connection was reset: copies, but never of a crashed tab.
      assert.ok(hasCrashed ? copies() === 1 : copies() >= 1, `${copies()} copies`);
      await countedOnceEverywhere(id);
    });

    test('a tab killed between sending and the answer is counted once', async () => {
      await atCheckout();
      stack.proxy.isMute = true;
      const id = await pay(`unanswered-${kind}`);
      const copies = () => stack.proxy.accepted().filter((b) => b.events.some((e) => e.id === id)).length;
      await until('the collector has it, and the tab does not know', async () => copies() === 1);
      const hasCrashed = await visitor.crash();
      stack.proxy.isMute = false;
      await comeBack();
      assert.ok(hasCrashed ? copies() === 2 : copies() >= 2, `it was sent again, under the same id: ${copies()} copies`);
      await countedOnceEverywhere(id);
    });

    test('a page reload and a repeated order page change nothing', async () => {
      await visitor.open('/');
      await visitor.sdk();
      await visitor.accept();
      const order = await visitor.buy('plate-dune');
      await visitor.page.reload({ waitUntil: 'load' });
      await visitor.sdk();
      await visitor.page.evaluate((transaction_id) =>
        window.firsthand.track('purchase', { transaction_id, value: 1, currency: 'EUR' }), order);
      await visitor.sent();
      const events = await delivered(`purchase:${order}`);
      assert.equal(taken(events, 'meta', 'Purchase').length, 1);
      assert.equal(taken(events, 'ga4', 'purchase').length, 1);
      assert.equal(taken(events, 'meta', 'Purchase')[0].value, 24.5, 'the backend\'s facts win over a browser\'s');
    });
  });
}
