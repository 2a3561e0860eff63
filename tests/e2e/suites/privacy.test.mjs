// No clear e-mail, phone, name or address anywhere: searched for byte by byte, in several encodings.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { available, launch } from '../lib/browser.mjs';
import { files, search } from '../lib/bytes.mjs';
import { CLEAR_VALUES, Visitor } from '../lib/shop.mjs';
import { Stack } from '../lib/stack.mjs';
import { until } from '../lib/wait.mjs';

for (const kind of available()) {
  describe(`personal data in ${kind}`, () => {
    let stack;
    let browser;
    let visitor;
    let order;

    before(async () => {
      stack = await Stack.start({ settleMs: 300 });
      browser = await launch(kind);
      visitor = new Visitor(await browser.newPage(), stack.shopUrl);
      await visitor.open('/', '?fbclid=IwAR-privacy&email=quirin.zabel%40zauberwald-post.example');
      await visitor.sdk();
      await visitor.accept();
      order = await visitor.buy('teapot-slate');
      await visitor.sent();
      await until('both copies are there', async () =>
        (await stack.inspect()).find((e) => e.event_id === `purchase:${order}` && e.sources.length === 2));
      await stack.drained();
      // What a killed collector said and wrote is searched, too.
      await stack.collector.kill();
      await stack.startCollector();
      await visitor.buy('bowl-tide');
      await visitor.sent();
      await stack.drained();
    });
    after(async () => {
      await browser?.close();
      await stack?.stop();
    });

    test('no request to the collector holds one', () => {
      // The shop's backend passes the same line with its secret key: it is trusted with clear values, the page is not.
      const fromPage = stack.proxy.requests.filter((r) => !r.headers.authorization);
      const haystacks = fromPage.map((r, i) => ({
        where: `request ${i} ${r.path}`,
        bytes: Buffer.concat([Buffer.from(`${r.path}\n${JSON.stringify(r.headers)}\n`), r.body]),
      }));
      assert.ok(haystacks.length > 3);
      // The shop's own pages stand in the referrer header with their query, which is the shop's business and not kept.
      const own = haystacks.map((h) => ({ ...h, bytes: Buffer.from(h.bytes.toString('latin1').replace(/"referer":"[^"]*"/, ''), 'latin1') }));
      assert.deepEqual(search(own, CLEAR_VALUES), []);
    });

    test('no error reached the page', () => {
      assert.deepEqual(visitor.errors, []);
    });

    test('no platform gets one', async () => {
      const { events } = await stack.arrived();
      assert.ok(events.length > 5);
      assert.deepEqual(search([{ where: 'platforms', bytes: Buffer.from(JSON.stringify(events)) }], CLEAR_VALUES), []);
    });

    test('no cookie and no storage of the browser keeps one', async () => {
      const cookies = await visitor.page.cookies();
      const storage = await visitor.page.evaluate(() =>
        JSON.stringify([Object.entries(localStorage), Object.entries(sessionStorage)]));
      const haystacks = [
        { where: 'cookies', bytes: Buffer.from(JSON.stringify(cookies)) },
        { where: 'storage', bytes: Buffer.from(storage) },
      ];
      assert.deepEqual(search(haystacks, CLEAR_VALUES), []);
    });

    test('neither the logs, the metrics, the inspection nor the database of the collector hold one', async () => {
      const haystacks = [
        { where: 'logs of both collectors', bytes: Buffer.from(stack.log()) },
        { where: 'sandbox log', bytes: Buffer.from(stack.sandbox.output) },
        { where: 'shop log', bytes: Buffer.from(stack.shop.output) },
        { where: 'metrics', bytes: Buffer.from(await stack.metrics()) },
        { where: 'inspection', bytes: Buffer.from(JSON.stringify(await stack.inspect())) },
        ...files(`${stack.folder}/data`),
      ];
      assert.equal(stack.collectors.length, 2);
      assert.ok(haystacks.some((h) => h.where.endsWith('-wal')), 'the write-ahead log is among what is searched');
      assert.deepEqual(search(haystacks, CLEAR_VALUES), []);
    });

    test('the search would find the value where it is allowed to be: in the shop', () => {
      const shop = files(`${stack.folder}/shop`);
      assert.notEqual(search(shop, CLEAR_VALUES).length, 0, 'the shop keeps its own orders');
    });
  });
}
