// Things go down: the collector, a platform, the network. Nothing is lost and nothing is counted twice.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { counted, taken } from '../lib/arrivals.mjs';
import { available, launch } from '../lib/browser.mjs';
import { Visitor } from '../lib/shop.mjs';
import { Stack } from '../lib/stack.mjs';
import { until } from '../lib/wait.mjs';

for (const kind of available()) {
  describe(`outages in ${kind}`, () => {
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
      await visitor.open('/');
      await visitor.sdk();
      await visitor.accept();
      await visitor.sent();
    });
    afterEach(async () => {
      await stack.control('DELETE', 'fault');
      assert.deepEqual(visitor.errors, [], 'nothing may be thrown at the page');
      await context.close();
    });

    const track = (name, props) =>
      visitor.page.evaluate((n, p) => window.firsthand.track(n, p), name, props);

    test('the collector is killed and comes back: every event arrives once', async () => {
      await stack.collector.kill();
      const ids = [];
      for (let order = 0; order < 5; order += 1) {
        ids.push(await track('purchase', { transaction_id: `down-${kind}-${order}`, value: 10 + order, currency: 'EUR' }));
      }
      await until('they wait', async () => (await visitor.status()).queued >= 5);
      await stack.startCollector();
      await visitor.page.reload({ waitUntil: 'load' });
      await visitor.sdk();
      await visitor.sent();
      await stack.drained();
      await until('Meta has all five', async () => {
        const { events } = await stack.arrived();
        return ids.every((id) => counted(events, 'meta', id) === 1);
      });
      const { events } = await stack.arrived();
      for (const id of ids) assert.equal(taken(events, 'ga4', 'purchase').filter((r) => r.event_id === id || r.transaction_id === id.slice(9)).length, 1, id);
    });

    test('a collector that dies right after its answer has kept the event', async () => {
      const id = await track('generate_lead', { currency: 'EUR', value: 5 });
      await visitor.sent();
      await stack.collector.kill();
      await stack.startCollector();
      await stack.drained();
      await until('it is delivered', async () => counted((await stack.arrived()).events, 'meta', id) === 1);
    });

    test('one platform down delays no other', async () => {
      await stack.control('POST', 'fault', { platform: 'meta', kind: 'outage_503' });
      const id = await track('generate_lead', { currency: 'EUR', value: 7 });
      await visitor.sent();
      await until('TikTok and Google have it', async () => {
        const { events } = await stack.arrived();
        return taken(events, 'tiktok', 'Lead').length === 1 && taken(events, 'ga4', 'generate_lead').length === 1;
      });
      assert.equal(counted((await stack.arrived()).events, 'meta', id), 0);
      await stack.control('DELETE', 'fault');
      await until('Meta has it too', async () => counted((await stack.arrived()).events, 'meta', id) === 1);
    });

    test('two tabs share one outbox and send each event once', async () => {
      stack.proxy.down();
      const second = new Visitor(await context.newPage(), stack.shopUrl);
      const ids = [];
      ids.push(await track('search', { search_term: 'first tab' }));
      stack.proxy.up();
      await second.open('/cart.html');
      await second.sdk();
      ids.push(await second.page.evaluate(() => window.firsthand.track('search', { search_term: 'second tab' })));
      await visitor.sent();
      await second.sent();
      const sent = stack.proxy.accepted().flatMap((b) => b.events.map((e) => e.id));
      for (const id of ids) assert.equal(sent.filter((s) => s === id).length, 1, 'sent once');
      assert.deepEqual(second.errors, []);
    });
  });
}
