// When and how events leave: waits, hints, quotas, tabs that sleep, tabs without Web Locks.
import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { all, debug, movableClock, ready, sentOnce, shopPage, startBrowser, startShop, stubTag, twoTabs, until } from './harness.mjs';

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

const start = async (attributes = '', pages = {}) => {
  context = await chrome.browser.createBrowserContext();
  shop = await startShop({
    '/away': '<!doctype html><title>Away</title>',
    ...pages,
    '*': shopPage({ attributes: 'data-regime="none" data-auto-page-views="false" ' + attributes, before: stubTag() }),
  });
};
const visit = async (path = '/', prepare) => {
  const page = await chrome.open(shop.url + path, { context, prepare });
  await ready(page);
  return page;
};
const track = (page, count = 1, bytes = 0) =>
  page.evaluate((count, bytes) => Array.from({ length: count }, (_, index) => window.firsthand.track('share', { index, text: 'x'.repeat(bytes) })), count, bytes);
const empty = (page) => until('an empty outbox', async () => (await debug(page)).queued === 0);
/** All events in accepted batches, repeats too. */

/** Timers of the page run out at once and put its clock forward; `window.waits` has their times. Deadlines of requests stay as they are. */
const hastyTimers = all(movableClock(), (page) =>
  page.evaluateOnNewDocument(() => {
    const { setTimeout } = window;
    window.waits = [];
    window.setTimeout = (done, ms = 0, ...args) => {
      if (!(ms > 0) || ms >= 10_000) return setTimeout(done, ms, ...args);
      window.waits.push(ms);
      return setTimeout(() => {
        window.ahead += ms;
        done(...args);
      });
    };
  }),
);
/** The random numbers of the page, as a fraction of their range. */
const randomness = (fraction) => (page) =>
  page.evaluateOnNewDocument((fraction) => {
    Crypto.prototype.getRandomValues = (array) => array.fill(Math.max(1, Math.floor(fraction * 2 ** (8 * array.BYTES_PER_ELEMENT))));
  }, fraction);

for (const [fraction, want] of [[0.02, [20, 40, 80, 160]], [0.5, [500, 1_000, 2_000, 4_000]], [0.999, [999, 1_998, 3_996, 7_992]]]) {
  test(`the wait before a retry is a random part of a ceiling that doubles: ${fraction} of it`, async () => {
    await start('data-flush-ms="0"');
    const page = await visit('/', all(hastyTimers, randomness(fraction)));
    shop.answers.push(...want.map(() => ({ status: 503 })));
    await track(page);
    await empty(page);
    const waits = await page.evaluate(() => window.waits);
    assert.equal(waits.length, want.length, String(waits));
    // The clock goes on between the answer and the timer.
    for (const [index, ms] of want.entries()) assert.ok(waits[index] <= ms && waits[index] > ms / 2 - 10, String(waits));
    assert.equal(shop.requests.length, want.length + 1);
  });
}

test('Retry-After as a date is obeyed', async () => {
  await start();
  const page = await visit();
  const until_ = Math.ceil(Date.now() / 1000 + 1) * 1000;
  shop.answers.push({ status: 503, headers: { 'retry-after': new Date(until_).toUTCString() } });
  await track(page);
  await until('the event', () => shop.events.length === 1);
  assert.ok(shop.requests[1].at >= until_ - 5, String(shop.requests[1].at - until_));
});

test('a network that is back ends the wait', async () => {
  await start('data-flush-ms="0"');
  const page = await visit();
  // No timer of the SDK ever runs out, so that only the hint can end the wait.
  await page.evaluate(() => {
    const { setTimeout } = window;
    window.setTimeout = (done, ms, ...args) => (ms > 0 && ms < 10_000 ? 0 : setTimeout(done, ms, ...args));
    Crypto.prototype.getRandomValues = (array) => array.fill(2 ** (8 * array.BYTES_PER_ELEMENT) - 1);
  });
  await page.setOfflineMode(true);
  await track(page, 2);
  await until('the failed send', async () => (await debug(page)).lastSends.some((send) => send.status === 0));
  assert.equal(shop.requests.length, 0);
  await page.setOfflineMode(false);
  // The hint may come while the last send is still failing; then the next one ends the wait.
  await until('the events', async () => {
    await page.evaluate(() => dispatchEvent(new Event('online')));
    return shop.events.length === 2;
  });
  await empty(page);
});

test('a wait that the collector asked for is not ended by the network', async () => {
  await start('data-flush-ms="0"');
  const page = await visit();
  shop.answers.push({ status: 429, headers: { 'retry-after': '600' } });
  await track(page);
  await until('the answer', async () => (await debug(page)).lastSends.some((send) => send.status === 429));
  await page.evaluate(() => {
    dispatchEvent(new Event('online'));
    return window.firsthand.flush();
  });
  assert.equal(shop.requests.length, 1);
});

test('a wait that the computer slept through ends by the clock', async () => {
  await start('data-flush-ms="0"');
  const page = await visit('/', movableClock());
  shop.answers.push({ status: 429, headers: { 'retry-after': '600' } });
  await track(page);
  await until('the answer', async () => (await debug(page)).lastSends.some((send) => send.status === 429));
  await page.evaluate(() => {
    window.ahead += 599_900;
    dispatchEvent(new Event('online'));
  });
  await until('the event', () => shop.events.length === 1);
});

test('a page that is left sends what waits by beacon', async () => {
  await start('data-flush-ms="60000"');
  const page = await visit();
  const ids = await track(page, 3);
  await page.goto(shop.url + '/away');
  await until('the beacon', () => shop.events.length === 3);
  assert.deepEqual(shop.events.map((event) => event.id), ids);
  // Its records stay until an answer says that the collector has them.
  const next = await visit('/next');
  await next.evaluate(() => window.firsthand.flush());
  await empty(next);
  assert.equal((await debug(next)).duplicates, 3);
});

const hide = (page) =>
  page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });

test('a refused beacon is tried smaller, conversions first', async () => {
  await start('data-flush-ms="60000" data-batch-bytes="61440" data-batch-events="500"');
  const page = await visit('/', (page) =>
    page.evaluateOnNewDocument(() => {
      window.refused = 0;
      window.taken = [];
      // A browser that has room for 12 kB in all.
      let room = 12_000;
      navigator.sendBeacon = (url, body) => {
        if (body.length > room) return (window.refused += 1), false;
        room -= body.length;
        window.taken.push(JSON.parse(body).events.map((event) => event.id));
        return true;
      };
      const { fetch } = window;
      window.fetch = (url, ...rest) => (String(url).includes('/v1/events') ? Promise.reject(new TypeError('offline')) : fetch(url, ...rest));
    }),
  );
  await track(page, 10, 3_000);
  await page.evaluate(() => window.firsthand.track('purchase', { transaction_id: '1' }));
  await hide(page);
  const { taken, refused } = await page.evaluate(() => ({ taken: window.taken, refused: window.refused }));
  assert.ok(refused > 0 && taken.length > 0, JSON.stringify({ taken, refused }));
  assert.equal(taken[0][0], 'purchase:1');
  assert.ok(taken.flat().length >= 3, 'the room is used');
  assert.equal(new Set(taken.flat()).size, taken.flat().length, 'each event went once');
  assert.equal((await debug(page)).queued, 11, 'all wait for an answer');
});

test('what is in flight when the page is hidden or left stays below 64 KiB; beyond it a request is not keepalive', async () => {
  await start('data-flush-ms="60000" data-batch-bytes="61440" data-batch-events="500" data-queue-bytes="2097152"');
  const page = await visit('/', (page) =>
    page.evaluateOnNewDocument(() => {
      window.kept = [];
      const { fetch } = window;
      window.fetch = (url, init) => {
        if (String(url).includes('/v1/events')) window.kept.push([init.keepalive, init.body.length]);
        return fetch(url, init);
      };
      window.beacons = [];
      const { sendBeacon } = Navigator.prototype;
      Navigator.prototype.sendBeacon = function (url, body) {
        const isTaken = sendBeacon.call(this, url, body);
        window.beacons.push([isTaken, body.length]);
        return isTaken;
      };
    }),
  );
  await page.evaluate(() => {
    for (let index = 0; index < 10; index += 1) window.firsthand.track('share', { index, text: 'x'.repeat(5_500) });
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
  });
  const beacons = await page.evaluate(() => window.beacons);
  const bytes = beacons.filter(([isTaken]) => isTaken).map(([, size]) => size);
  const sum = bytes.reduce((a, b) => a + b, 0);
  assert.ok(beacons.every(([isTaken]) => isTaken), 'none is tried that has no room: ' + JSON.stringify(beacons));
  assert.ok(bytes.length >= 2 && sum <= 61_440 && sum > 50_000, JSON.stringify(bytes));
  await page.evaluate(() => window.firsthand.flush());
  await empty(page);
  assert.deepEqual((await page.evaluate(() => window.kept)).map(([keepalive]) => keepalive), [false]);
  await until('everything', () => shop.events.length === 10);
});

test('a page in the back/forward cache holds up no other tab, and goes on when it is back', async () => {
  await start('data-flush-ms="0"');
  const page = await visit('/one');
  await page.evaluate(() => (window.isSame = true));
  // The request under way never gets an answer; neither does the beacon.
  shop.answers.push('hang', 'hang');
  const ids = await track(page, 2);
  await until('the request', () => shop.requests.length === 1);
  await page.goto(shop.url + '/away');
  const other = await visit('/two');
  ids.push(...(await track(other, 1)));
  await until('all three events', () => shop.events.length === 3);
  await empty(other);
  assert.deepEqual(shop.events.map((event) => event.id).sort(), [...ids].sort());
  await page.goBack();
  await ready(page);
  await track(page, 1);
  await until('another event', () => shop.events.length === 4);
  await empty(page);
});

// The lease that stands in for Web Locks.

const noLocks = (page) => page.evaluateOnNewDocument(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }));
const lease = (page) => page.evaluate(() => localStorage.getItem('fh.l'));

test('without Web Locks a lease keeps two tabs apart: each event is sent once', async () => {
  await start('', twoTabs('data-regime="none" data-auto-page-views="false" data-flush-ms="0"'));
  const pages = [await visit('/1', noLocks), await visit('/2', noLocks)];
  for (let round = 0; round < 5; round += 1) await Promise.all(pages.map((page) => track(page, 4)));
  await until('forty events', () => shop.events.length === 40);
  await sentOnce(shop, pages, 40);
  await until('the lease to be given back', async () => (await lease(pages[0])) === null);
});

test('a tab that another one overwrites in the same moment does not have the lease', async () => {
  await start('data-flush-ms="0"');
  const page = await visit('/', all(noLocks, (page) =>
    page.evaluateOnNewDocument(() => {
      const { setItem } = Storage.prototype;
      window.isLate = true;
      Storage.prototype.setItem = function (key, value) {
        setItem.call(this, key, value);
        if (key === 'fh.l' && window.isLate) setItem.call(this, key, 'other ' + (Date.now() + 14_000));
      };
    }),
  ));
  await track(page);
  await until('the lease to be asked for', async () => /^other/.test(await lease(page)));
  // One that asks again finds the other's lease; by then it has looked whether its own was overwritten.
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 200)));
  assert.equal(shop.requests.length, 0);
  assert.match(await lease(page), /^other/);
  await page.evaluate(() => {
    window.isLate = false;
    localStorage.removeItem('fh.l');
  });
  await until('the event', () => shop.events.length === 1);
});

test("a lease is renewed with each request, and nobody else's is taken away", async () => {
  await start('data-flush-ms="0" data-batch-events="1"');
  const page = await visit('/', all(noLocks, movableClock(), (page) =>
    page.evaluateOnNewDocument(() => {
      const { setItem } = Storage.prototype;
      window.leases = [];
      Storage.prototype.setItem = function (key, value) {
        if (key === 'fh.l') window.leases.push(value.split(' '));
        setItem.call(this, key, value);
      };
      const { fetch } = window;
      // Each request takes nine seconds.
      window.fetch = async (...args) => {
        const answer = await fetch(...args);
        if (String(args[0]).includes('/v1/events')) window.ahead += 9_000;
        return answer;
      };
    }),
  ));
  await track(page, 4);
  await empty(page);
  const leases = await page.evaluate(() => window.leases);
  assert.equal(new Set(leases.map(([owner]) => owner)).size, 1);
  assert.ok(Number(leases.at(-1)[1]) - Number(leases[0][1]) >= 27_000, JSON.stringify(leases));

  shop.answers.push('hang');
  await track(page);
  const before = shop.requests.length;
  await until('the request', () => shop.requests.length === before + 1 || shop.requests.at(-1).status === 0);
  const other = 'other ' + (Date.now() + 100_000);
  await page.evaluate((other) => {
    localStorage.setItem('fh.l', other);
    dispatchEvent(new PageTransitionEvent('pagehide'));
  }, other);
  assert.equal(await lease(page), other);
});

test('the lease of a tab that died ends', async () => {
  await start('data-flush-ms="0"');
  const page = await visit('/', all(noLocks, movableClock(), (page) =>
    page.evaluateOnNewDocument(() => {
      const { getItem } = Storage.prototype;
      window.asked = 0;
      Storage.prototype.getItem = function (key) {
        if (key === 'fh.l') window.asked += 1;
        return getItem.call(this, key);
      };
    }),
  ));
  await page.evaluate(() => localStorage.setItem('fh.l', 'dead ' + (Date.now() + 14_000)));
  await track(page);
  await until('it to be asked for twice', () => page.evaluate(() => window.asked >= 2));
  assert.equal(shop.requests.length, 0);
  await page.evaluate(() => (window.ahead += 15_000));
  await until('the event', () => shop.events.length === 1);
});
