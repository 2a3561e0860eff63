// Bad input to consent, through to the platforms: clocks that are set back and forward, storage and cookies edited by hand, a consent tool that never
// answers, two that contradict each other.
import assert from 'node:assert/strict';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { available, launch } from '../lib/browser.mjs';
import { PLACES, SIGNALS, VENDOR } from '../lib/matrix.mjs';
import { Pages, page as testPage } from '../lib/pages.mjs';
import { Proxy } from '../lib/proxy.mjs';
import { Visitor } from '../lib/shop.mjs';
import { Stack } from '../lib/stack.mjs';
import { until } from '../lib/wait.mjs';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

for (const kind of available()) {
  describe(`bad input to consent in ${kind}`, () => {
    let stack, pages, browser, context, visitor, lines;

    before(async () => {
      pages = await Pages.start();
      stack = await Stack.start({ settleMs: 100, origins: [pages.url] });
      browser = await launch(kind);
    });
    after(async () => {
      await browser?.close();
      await stack?.stop();
      await pages?.stop();
    });
    beforeEach(async () => {
      lines = [];
      context = await browser.createBrowserContext();
      visitor = new Visitor(await context.newPage(), pages.url);
    });
    afterEach(async () => {
      assert.deepEqual(visitor.errors, [], 'nothing may be thrown at the page');
      await context.close();
      await Promise.all(lines.map((line) => line.stop()));
    });

    /** A line to the collector from a visitor's place, and a page at `/shop` that uses it. */
    const from = async (place, options = {}) => {
      const line = await Proxy.start(stack.collector.url, PLACES[place]);
      lines.push(line);
      const attributes = { 'data-banner': 'off', 'data-tcf-vendors': VENDOR, ...options.attributes };
      pages.put('/shop', testPage({ collector: line.url, ...options, attributes }));
      return line;
    };
    const visit = async (query = '') => {
      await visitor.open('/shop', query);
      return visitor.sdk();
    };
    const evaluate = (...args) => visitor.page.evaluate(...args);
    const choose = (answer) => evaluate((answer) => window.firsthand.consent.set(answer), answer);
    const report = () => evaluate(() => window.firsthand.track('sign_up', { method: 'letter' }));
    const flush = () => evaluate(() => window.firsthand.flush());
    const keys = () => evaluate(() => Object.keys(localStorage).sort());
    const isAllowed = async () => (await visitor.allowed()).analytics;
    const choices = (line) => line.requests.filter((r) => r.path === '/v1/consent').map((r) => ({ status: r.status, ...JSON.parse(r.body) }));
    /** Waits until the collector has been told, and the page has read its answer. */
    const told = async (line, marketing) => {
      await until(`the collector has been told ${marketing}`, () => choices(line).some(({ status, consent }) => status === 202 && consent.marketing === marketing));
      await until('the page knows', () => evaluate(() => localStorage.getItem('fh.w') === null));
    };
    /** From now on the visitor's clock is wrong by so much. */
    const setClock = (ms) => evaluate((ms) => localStorage.setItem('clock', ms), ms);
    const withClock = () => visitor.page.evaluateOnNewDocument(() => {
      const { now } = Date;
      Date.now = () => now() + (Number(localStorage.getItem('clock')) || 0);
    });

    for (const [name, ms] of [['set back behind the choice', -2 * DAY_MS], ['set forward past its end', 200 * DAY_MS]]) {
      test(`a clock that is ${name}: the yes is none, and counts again when the clock is right`, async () => {
        const line = await from('opt_in');
        await withClock();
        await visit();
        await choose('all');
        await visitor.sent();
        await told(line, true);
        await setClock(ms);
        const seen = line.requests.length;
        const status = await visit();
        assert.deepEqual([status.consent.prompt, status.consent.allow.analytics, status.held], [true, false, 1]);
        await report();
        await flush();
        assert.deepEqual(await keys(), ['clock', 'fh.c'], 'only the choice stays');
        assert.deepEqual(line.requests.slice(seen).filter(({ method }) => method === 'POST'), []);
        await setClock(0);
        await visit();
        assert.equal(await isAllowed(), true);
      });
    }

    test('a yes of a clock that was ahead does not outlast a no of the right one', async () => {
      const line = await from('opt_in');
      await withClock();
      await visit();
      await setClock(5 * HOUR_MS);
      await visit();
      await stack.control('POST', 'fault', { platform: 'meta', kind: 'outage_503' });
      try {
        await choose('all');
        const id = await report();
        await visitor.sent();
        await told(line, true);
        await setClock(0);
        await visit();
        await choose('none');
        await told(line, false);
        await stack.control('DELETE', 'fault');
        const fate = await stack.fate(id);
        assert.equal(fate.meta, 'suppressed', 'what waited for the platform is not sent');
      } finally {
        await stack.control('DELETE', 'fault');
      }
    });

    test('events of a wrong clock reach the platforms under the right time', async () => {
      const line = await from('none');
      await withClock();
      await visit();
      await setClock(-30 * DAY_MS);
      await visit();
      const id = await report();
      await visitor.sent();
      assert.ok(line.accepted().some(({ events }) => events.some((event) => event.id === id && event.at < Date.now() - 29 * DAY_MS)), 'the page believes its clock');
      await stack.fate(id);
      const { events } = await stack.arrived({ event_id: id, platform: 'meta' });
      assert.equal(events.length, 1);
      assert.ok(Math.abs(Date.now() - events[0].event_at_ms) < HOUR_MS, 'the platform hears the right time');
    });

    test('storage edited by hand: the page works, and what is sent is of its form', async () => {
      const line = await from('opt_in');
      await visit('?gclid=Cj0KCQ-edited');
      await choose('all');
      await visitor.sent();
      for (const junk of ['', 'x', '1 2 3', '\u0000', '"><script>alert(1)</script>', '9'.repeat(400), 'ü'.repeat(20_000), '{"v":1}']) {
        await evaluate((junk) => {
          for (const key of Object.keys(localStorage)) if (key !== 'fh.c') localStorage.setItem(key, junk);
          for (const key of ['fh.h.abc', 'fh.e.x.y', 'fh.b', 'fh.l', 'fh.w', 'fh.f', 'fh.unknown']) localStorage.setItem(key, junk);
        }, junk);
        await visit();
        const id = await report();
        await flush();
        await until(`the event after ${JSON.stringify(junk.slice(0, 20))}`, () => line.accepted().some(({ events }) => events.some((event) => event.id === id)));
        const batch = line.accepted().find(({ events }) => events.some((event) => event.id === id));
        assert.match(batch.user.anonymous_id, UUID_V7);
      }
      assert.ok(!JSON.stringify(await stack.inspect()).includes('<script>'), 'nothing of it is kept');
    });

    test('a choice edited by hand is a no until the visitor chooses, at every door', async () => {
      const line = await from('none');
      for (const edited of ['yes', '1 1 x 1111 0 0 explicit', '1 1 9999999999999999999999 1111 0 0 explicit', '1 1 17 111 0 0 explicit', '1 -1 17 1111 0 0 explicit']) {
        await visit();
        await visitor.sent();
        await evaluate((edited) => localStorage.setItem('fh.c', edited), edited);
        const seen = line.requests.length;
        const status = await visit();
        assert.deepEqual([status.consent.prompt, status.consent.allow.analytics], [true, false], edited);
        await report();
        await flush();
        assert.deepEqual(line.requests.slice(seen).filter(({ method }) => method === 'POST'), [], edited);
        await evaluate(() => localStorage.clear());
      }
    });

    test("the collector's cookie edited by hand is no id: it gets a right one, and nothing of it is kept", async () => {
      const line = await from('none');
      await visit();
      await visitor.sent();
      const cookie = async () => (await context.cookies()).find(({ name }) => name === 'fh_id');
      const first = await until('the cookie', cookie);
      assert.match(first.value, UUID_V7);
      const ofVersion4 = `${first.value.slice(0, 14)}4${first.value.slice(15)}`;
      for (const value of ['me', 'x'.repeat(3000), '%3Cscript%3E', ofVersion4, `${first.value}0`]) {
        await context.setCookie({ ...first, value });
        const id = await report();
        await visitor.sent();
        const batch = line.batches().find(({ events }) => events.some((event) => event.id === id));
        assert.equal(batch.status, 202, value.slice(0, 40));
        assert.equal((await until('a right cookie', async () => UUID_V7.test((await cookie())?.value ?? '') && cookie())).value, batch.user.anonymous_id);
      }
      assert.ok(!JSON.stringify(await stack.inspect()).includes('script%3E'));
    });

    for (const [place, isSent] of [['opt_in', false], ['opt_out', true], ['none', true]]) {
      test(`${place}: a consent tool that never answers is waited for, then the rule of the region holds`, async () => {
        const line = await from(place, { tools: ['tcf'], attributes: { 'data-signals-timeout-ms': '300' } });
        await visit();
        const state = await until('the wait to end', async () => {
          const now = await evaluate(() => window.firsthand.consent.get());
          return now.signals?.awaited === false && now;
        });
        assert.deepEqual(state.signals.warnings, ['tcf: no answer in time; the regime decides until one comes']);
        const id = await report();
        await flush();
        assert.equal(line.requests.some(({ method, path }) => method === 'POST' && path === '/v1/events'), isSent);
        assert.equal((await visitor.status()).held > 0, !isSent);
        if (!isSent) return;
        assert.deepEqual(await stack.fate(id), { meta: 'delivered', tiktok: 'delivered', ga4: 'delivered' });
        // It speaks after all.
        await evaluate((words) => window.tools.tcf(...words), SIGNALS['TCF no'].says);
        await until('its no', async () => !(await isAllowed()));
        await told(line, undefined);
        assert.deepEqual(await keys(), []);
      });
    }

    test('two consent tools that contradict each other: the stricter counts to the end, with a warning', async () => {
      const line = await from('opt_in', { tools: ['tcf', 'consent_mode'] });
      await visit('?gclid=Cj0KCQ-contradiction');
      await evaluate((words) => window.tools.tcf(...words), SIGNALS['TCF yes'].says);
      assert.equal((await evaluate(() => window.firsthand.consent.get())).pending, true, 'the other one has not spoken');
      await evaluate((words) => window.tools.consent_mode(...words), SIGNALS['Consent Mode analytics'].says);
      await until('both are heard', () => isAllowed());
      assert.deepEqual(await visitor.allowed(), SIGNALS['Consent Mode analytics'].answers);
      const { warnings } = (await evaluate(() => window.firsthand.consent.get())).signals;
      assert.deepEqual(warnings, ['marketing', 'personalization', 'third_party_sharing'].map((purpose) => `${purpose}: consent_mode says no, tcf says yes; the no counts`));
      const id = await report();
      await visitor.sent();
      assert.ok(!JSON.stringify(line.accepted()).includes('Cj0KCQ-contradiction'), 'no click id leaves');
      assert.deepEqual(await stack.fate(id), { meta: 'suppressed', tiktok: 'suppressed', ga4: 'delivered' });
    });
  });
}
