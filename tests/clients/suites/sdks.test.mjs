// The SDKs of Segment and RudderStack as their makers publish them, by changing the host only.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { CLIENTS } from '../lib/clients.mjs';
import { ANONYMOUS_ID, Collector, GRANTED } from '../lib/collector.mjs';
import { Line } from '../lib/line.mjs';

let made = 0;
const fresh = (what) => `${what}-${(made += 1)}`;

/** One call of each kind; the order's id is fresh. */
function callsOf(order) {
  const who = { userId: 'c-77', anonymousId: ANONYMOUS_ID, context: GRANTED };
  const products = [{ product_id: 'mug-01', name: 'Mug', price: 29.9, quantity: 2 }];
  return [
    { type: 'identify', ...who, traits: { email: 'ada@example.org', firstName: 'Ada' } },
    { type: 'track', ...who, event: 'Order Completed', properties: { order_id: order, currency: 'EUR', revenue: 59.8, products } },
    { type: 'track', ...who, event: 'Quiz Finished', properties: { result: 'b' } },
    { type: 'page', ...who, name: 'Home', properties: { url: 'https://shop.example/', title: 'Shop' } },
    { type: 'screen', ...who, name: 'Cart' },
    { type: 'group', ...who, groupId: 'g-1', traits: { name: 'Morrow' } },
    { type: 'alias', userId: 'c-77', previousId: ANONYMOUS_ID, context: GRANTED },
  ];
}

const order = (id) => ({
  type: 'track',
  userId: 'c-77',
  context: GRANTED,
  event: 'Order Completed',
  properties: { order_id: id, currency: 'EUR', revenue: 5 },
});

for (const [name, send] of Object.entries(CLIENTS)) {
  describe(name, () => {
    let collector;
    let line;
    before(async () => {
      collector = await Collector.start();
      line = await Line.start(collector.url);
    });
    after(async () => {
      await line?.stop();
      await collector?.stop();
    });

    test('every call arrives as its event', async () => {
      const id = fresh('A');
      assert.deepEqual(await send(line.url, callsOf(id)), []);
      const names = (await collector.events()).map((event) => event.name).sort();
      assert.deepEqual(names, ['alias', 'group', 'identify', 'page_view', 'purchase', 'quiz_finished', 'screen_view']);
      const [purchase] = await collector.event(`purchase:${id}`);
      assert.deepEqual(purchase.sources, ['cdp']);
      assert.deepEqual(await collector.quarantine(), []);
      assert.ok(line.statuses().every((status) => status === 200), line.statuses().join());
      // What went over the line is what the collector had to understand: in clear here, compressed or not.
      const bodies = line.requests.map(({ body, headers }) =>
        (headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString());
      assert.ok(bodies.some((body) => body.includes('ada@example.org')));
      assert.ok(!collector.output.includes('ada@example.org'));
    });

    test('an answer of 503 is sent again and counted once', async () => {
      const id = fresh('B');
      const from = line.requests.length;
      line.refuseOnce(1);
      assert.deepEqual(await send(line.url, [order(id)]), []);
      assert.deepEqual(line.statuses().slice(from), [503, 200]);
      assert.equal((await collector.event(`purchase:${id}`)).length, 1);
    });

    test('a lost answer leads to a resend that is a duplicate', async () => {
      const duplicates = 'firsthand_events_duplicate_total{source="cdp"}';
      const known = await collector.metric(duplicates);
      const view = {
        type: 'track', userId: 'c-77', context: GRANTED, event: 'Product Viewed', messageId: fresh('message'),
        properties: { product_id: 'mug-01', name: 'Mug' },
      };
      const from = line.requests.length;
      line.loseAnswerOnce();
      assert.deepEqual(await send(line.url, [view]), []);
      assert.deepEqual(line.statuses().slice(from), [200, 200]);
      assert.equal(await collector.metric(duplicates), known + 1);
      const views = (await collector.events()).filter((event) => event.name === 'view_item');
      assert.deepEqual(views.map((event) => event.event_id), [view.messageId]);
    });

    test('one bad call does not fail its batch', async () => {
      const id = fresh('C');
      const bad = { ...order(fresh('bad')), properties: { order_id: 'x', currency: 'no such' } };
      assert.deepEqual(await send(line.url, [order(fresh('D')), bad, order(id)]), []);
      assert.equal((await collector.event(`purchase:${id}`)).length, 1);
      assert.deepEqual((await collector.quarantine()).map((row) => row.code), ['invalid_currency']);
    });

    test('a call without consent is not kept', async () => {
      const id = fresh('E');
      const silent = { ...order(id), context: {} };
      assert.deepEqual(await send(line.url, [silent]), []);
      assert.deepEqual(await collector.event(`purchase:${id}`), []);
      assert.equal(await collector.metric('firsthand_events_rejected_total{source="cdp",code="consent_denied"}'), 1);
    });
  });
}

describe('a wrong write key', () => {
  for (const [name, send] of Object.entries(CLIENTS)) {
    test(`${name} gives up at once and says so`, async () => {
      const collector = await Collector.start();
      // Every key is wrong on this line.
      const line = await Line.start(collector.url);
      line.rewrite = (headers, body) => ({
        headers: { ...headers, authorization: 'Basic d3Jvbmc6' },
        body,
      });
      try {
        const told = await send(line.url, [order(fresh('F'))]).catch((error) => [String(error.message)]);
        assert.equal(told.length, 1, told.join());
        assert.deepEqual(line.statuses(), [401]);
      } finally {
        await line.stop();
        await collector.stop();
      }
    });
  }
});
