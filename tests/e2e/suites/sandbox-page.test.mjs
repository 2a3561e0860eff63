// The page that shows what the platforms received, and what was not sent and why: read as a shop's developer reads it.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { available, launch } from '../lib/browser.mjs';
import { search } from '../lib/bytes.mjs';
import { CLEAR_VALUES, Visitor } from '../lib/shop.mjs';
import { Stack } from '../lib/stack.mjs';
import { until } from '../lib/wait.mjs';

for (const kind of available()) {
  describe(`the sandbox page in ${kind}`, () => {
    let stack;
    let browser;
    let context;
    let visitor;
    let page;
    let complaints;

    before(async () => {
      stack = await Stack.start({ settleMs: 3000 });
      browser = await launch(kind);
    });
    after(async () => {
      await browser?.close();
      await stack?.stop();
    });
    beforeEach(async () => {
      await stack.control('POST', 'reset');
      context = await browser.createBrowserContext();
      visitor = new Visitor(await context.newPage(), stack.shopUrl);
      page = await context.newPage();
      complaints = [];
      page.on('pageerror', (error) => complaints.push(String(error)));
      page.on('console', (message) => {
        if (message.type() === 'error') complaints.push(message.text());
      });
      await page.goto(stack.sandbox.url, { waitUntil: 'load' });
    });
    afterEach(async () => {
      assert.deepEqual(visitor.errors, [], 'nothing may be thrown at the shop');
      assert.deepEqual(complaints, [], 'the page works without an error and inside its own policy');
      await context.close();
    });

    /** A platform's cards as one reads them. */
    const cards = (platform) =>
      page.$$eval(`#platform-${platform} .card`, (list) =>
        list.map((card) => ({
          title: card.querySelector('h3').textContent,
          money: card.querySelector('.money')?.textContent ?? '',
          id: card.querySelector('.id').textContent,
          tags: [...card.querySelectorAll('.copies .tag')].map((tag) => tag.textContent),
          keys: [...card.querySelectorAll('.keys li')].map((key) => [...key.children].map((part) => part.textContent)),
        })));
    /** The rows of "Not sent, and why". */
    const unsent = () =>
      page.$$eval('#decisions > li', (rows) =>
        rows.map((row) => ({
          name: row.querySelector('h3').textContent,
          id: row.querySelector('.id').textContent,
          outcomes: Object.fromEntries([...row.querySelectorAll('.outcomes li')].map((one) => [one.querySelector('b').textContent, one.textContent])),
        })));
    const text = (selector) => page.$eval(selector, (node) => node.textContent);
    const counts = (platform) =>
      page.$$eval(`#platform-${platform} .counts > div`, (pairs) =>
        Object.fromEntries(pairs.map((pair) => [pair.querySelector('dt').textContent, pair.querySelector('dd').textContent])));
    const arrive = async () => {
      await visitor.open('/');
      await visitor.sdk();
    };

    test('before anything arrived it says so, and what may hold it back', async () => {
      await until('it follows the sandbox', async () => (await text('#live-text')) === 'Live');
      for (const platform of ['meta', 'tiktok', 'ga4']) {
        assert.match(await text(`#platform-${platform} .empty`), /Nothing has arrived yet.*The visitor refused/s);
        assert.deepEqual(await cards(platform), []);
      }
    });

    test('an order is one card at each platform, with its copies, money and shortened match keys', async () => {
      await arrive();
      await visitor.accept();
      const order = await visitor.buy('mug-harbour');
      await visitor.sent();
      const purchase = await until('every platform shows the order with all its copies', async () => {
        const shown = {};
        for (const platform of ['meta', 'tiktok', 'ga4']) {
          shown[platform] = (await cards(platform)).filter((card) => /purchase/i.test(card.title));
        }
        const isWhole = (card) => card?.tags.includes('browser') && card.tags.includes('server');
        return isWhole(shown.meta[0]) && isWhole(shown.tiktok[0]) && shown.ga4.length > 0 ? shown : null;
      });
      for (const platform of ['meta', 'tiktok', 'ga4']) {
        assert.equal(purchase[platform].length, 1, `${platform}: one card for one order`);
        const [card] = purchase[platform];
        assert.match(card.money, /29.90/, platform);
        assert.ok(card.id.includes(order), `${platform}: ${card.id}`);
      }
      for (const platform of ['meta', 'tiktok']) assert.ok(purchase[platform][0].tags.includes('counted once'), platform);
      const keys = Object.fromEntries(purchase.meta[0].keys);
      assert.match(keys.em, /^[0-9a-f]{8}…$/, 'a digest is shown shortened');
      assert.ok(Number((await counts('meta'))['extra copies']) >= 1);
      await stack.drained();
      const left = await until('the order is not among what was not sent', async () => {
        const rows = await unsent();
        return rows.length > 0 && rows.every((row) => row.id !== `purchase:${order}`) ? rows : null;
      });
      const shipping = left.find((row) => row.name === 'add_shipping_info');
      assert.match(shipping.outcomes.meta, /suppressed.*no standard event/, 'what a platform has no name for is said to be so');

      // Opened as well: all payloads are on the page then.
      await page.$$eval('details', (boxes) => boxes.forEach((box) => { box.open = true; }));
      await until('the payloads are there', async () => (await page.$$('details pre')).length > 0);
      assert.deepEqual(search([{ where: 'the page', bytes: Buffer.from(await page.content()) }], CLEAR_VALUES), []);
    });

    test('what consent keeps from the ad platforms stands under "Not sent, and why"', async () => {
      await arrive();
      const id = await visitor.page.evaluate(() => {
        window.firsthand.consent.set({ analytics: true, marketing: false, personalization: false, third_party_sharing: false });
        return window.firsthand.track('login', { method: 'password' });
      });
      await visitor.sent();
      await stack.drained();
      // The page asks now and then: what it shows first may be from before the last destination looked.
      const isSettled = (one) => one.id === id && ['meta', 'tiktok', 'ga4'].every((platform) => /suppressed|delivered/.test(one.outcomes[platform]));
      const row = await until('the event is listed, and where it ended', async () => (await unsent()).find(isSettled));
      assert.equal(row.name, 'login');
      for (const platform of ['meta', 'tiktok']) assert.match(row.outcomes[platform], /suppressed.*consent/, platform);
      assert.match(row.outcomes.ga4, /delivered/);
      assert.ok((await cards('meta')).every((card) => card.id !== id));
    });

    test('an order after a refusal reaches nobody, and the page says where it ended', async () => {
      await arrive();
      await visitor.refuse();
      await visitor.buy('bowl-tide');
      await until('the refusal at the door is told', async () =>
        /Refused at its door since it started: .*\d+ from backend \(the visitor's consent did not allow it\)/.test(await text('#unsent-text')));
      for (const platform of ['meta', 'tiktok', 'ga4']) assert.deepEqual(await cards(platform), [], platform);
    });

    test('a platform that is down shows what it refused, and the collector\'s patience', async () => {
      await stack.control('POST', 'fault', { platform: 'meta', kind: 'outage_503' });
      try {
        await arrive();
        await visitor.accept();
        const id = await visitor.page.evaluate(() => window.firsthand.track('generate_lead', { currency: 'EUR', value: 5 }));
        await visitor.sent();
        const row = await until('the retry is announced', async () =>
          (await unsent()).find((one) => one.id === id && /will be retried/.test(one.outcomes.meta ?? '')));
        assert.match(row.outcomes.tiktok, /delivered|waiting/);
        assert.match(await text('#notice'), /Fault on meta: outage_503, until cleared/);
        await until('the refused request is a card', async () =>
          (await cards('meta')).some((card) => card.title === 'Request refused' && card.tags.includes('fault: outage_503')));
      } finally {
        await stack.control('DELETE', 'fault');
      }
      await until('Meta has it after all', async () => (await cards('meta')).some((card) => card.title === 'Lead'));
    });

    test('"Clear all" empties the page', async () => {
      await arrive();
      await visitor.accept();
      await visitor.sent();
      await until('something is shown', async () => (await cards('ga4')).length > 0);
      await stack.drained();
      await page.click('#reset');
      await until('nothing is shown', async () => (await cards('ga4')).length === 0);
      assert.equal((await counts('ga4')).counted, '0');
    });
  });
}
