// The shop's backend as a process of its own, against a collector that answers what each test wants. `node --test` needs nothing else.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const SERVER = new URL('../server.mjs', import.meta.url).pathname;
const SECRET = 'sk_test_storefront';
const CUSTOMER = { email: 'Ada@Example.org', phone: '+49 151 2345678', phone_country: 'DE', first_name: 'Ada', last_name: 'Lovelace', address: 'Kiln Lane 4', zip: '10115', city: 'Berlin', country: 'DE' };
const CONSENT = { regime: 'opt_in', policy: 3, basis: 'explicit', at: 1795471100000, gpc: false, choice: { marketing: true, analytics: false, personalization: null, third_party_sharing: true }, allow: {}, prompt: true, showOptOutHonoured: false };
const ORDER = { checkout_id: 'attempt-0001', customer: CUSTOMER, lines: [{ id: 'mug-harbour', quantity: 2 }], shipping: 'standard', payment: 'invoice', consent: CONSENT };
const ACCEPTED = { status: 202, body: { accepted: 1, duplicates: 0, rejected: [] } };

const endings = new WeakMap();

/** Runs `step` when the test is over, the last one first: processes end before their folders go. */
function atEnd(t, step) {
  if (!endings.has(t)) {
    const steps = [];
    endings.set(t, steps);
    t.after(async () => {
      for (const each of steps.reverse()) await each();
    });
  }
  endings.get(t).push(step);
}

/** A collector that gives its answers in turn, the last one for ever, and hands over what it got. */
async function collector(t, answers) {
  const got = [];
  const waiting = [];
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const { status, body: answered, headers } = answers[Math.min(got.length, answers.length - 1)];
    got.push({ path: request.url, headers: request.headers, body: JSON.parse(body) });
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(answered ?? {}));
    for (const look of waiting.splice(0)) look();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(t, () => server.close());
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    got,
    async received(count) {
      while (got.length < count) await new Promise((look) => waiting.push(look));
      return got;
    },
  };
}

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'storefront-'));
  atEnd(t, () => rm(path, { recursive: true, force: true }));
  return path;
}

/** Starts the shop and waits until it listens. */
async function shop(t, { dir, url, env = {} }) {
  const stub = join(dir, 'stub.js');
  await writeFile(stub, 'window.firsthand = {};');
  const child = spawn(process.execPath, [SERVER], {
    env: { PATH: process.env.PATH, PORT: '0', COLLECTOR_URL: url, WRITE_KEY: 'pk_test', SECRET_KEY: SECRET, DATA_DIR: join(dir, 'data'), STUB_FILE: stub, SANDBOX_URL: 'http://sandbox.example:9', ...env },
  });
  const ended = once(child, 'exit');
  const lines = [];
  const waiting = [];
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    const parts = (rest + text).split('\n');
    rest = parts.pop();
    lines.push(...parts);
    for (const look of waiting.splice(0)) look();
  });
  const logged = async (pattern) => {
    for (;;) {
      const line = lines.find((candidate) => pattern.test(candidate));
      if (line) return line;
      await new Promise((look) => waiting.push(look));
    }
  };
  const stop = async (signal = 'SIGTERM') => {
    child.kill(signal);
    return (await ended)[0];
  };
  atEnd(t, () => stop('SIGKILL'));
  const [origin] = /http:\/\/[^\s]+/.exec(await logged(/shop listening on /));
  const post = (path, body, headers = {}) => fetch(origin + path, { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: JSON.stringify(body) });
  return { origin, lines, logged, stop, post, stored: async () => JSON.parse(await readFile(join(dir, 'data', 'shop.json'), 'utf8')) };
}

test('an order is answered with exact sums and reported under the id the page uses', async (t) => {
  const dir = await folder(t);
  const there = await collector(t, [ACCEPTED]);
  const { post, logged, lines, stored } = await shop(t, { dir, url: there.url });
  const answer = await post('/api/orders', ORDER, { 'user-agent': 'Shopper/1', 'sec-gpc': '1' });
  assert.equal(answer.status, 201);
  const receipt = await answer.json();
  assert.deepEqual(receipt, {
    transaction_id: '1001', value: 59.8, currency: 'EUR', tax: 10.33, shipping: 4.9, total: 64.7,
    items: [{ item_id: 'mug-harbour', item_name: 'Harbour mug', item_brand: 'Morrow Ceramics', item_category: 'Cups', price: 29.9, quantity: 2, index: 0 }],
  });
  const [{ path, headers, body }] = await there.received(1);
  assert.equal(path, '/v1/events');
  assert.equal(headers.authorization, `Bearer ${SECRET}`);
  assert.equal(headers['content-type'], 'application/json');
  const { total: _total, ...props } = receipt;
  assert.deepEqual(body.consent, { regime: 'opt_in', policy: 3, gpc: true, at: 1795471100000, basis: 'explicit', after_gpc_notice: false, marketing: true, analytics: false, personalization: null, third_party_sharing: true });
  assert.deepEqual(body.user, { email: CUSTOMER.email, phone: CUSTOMER.phone, phone_country: 'DE', first_name: 'Ada', last_name: 'Lovelace', city: 'Berlin', zip: '10115', country_code: 'DE' });
  assert.deepEqual(body.context, { ip: '127.0.0.1', ua: 'Shopper/1' });
  assert.equal(body.v, 1);
  assert.ok(Number.isInteger(body.sent_at));
  assert.equal(body.events.length, 1);
  assert.equal(body.events[0].id, 'purchase:1001');
  assert.deepEqual(body.events[0].props, props);
  assert.match(await logged(/notice /), /notice purchase:1001 attempt=1 status=202 accepted duplicates=0$/);
  for (const secret of ['ada', 'lovelace', '2345678', SECRET]) assert.ok(!lines.join('\n').toLowerCase().includes(secret), 'a log line carries personal data');
  assert.deepEqual((await stored()).outbox, []);
});

test('a notice without readable consent carries none, and browser fields are checked', async (t) => {
  const dir = await folder(t);
  const there = await collector(t, [ACCEPTED]);
  const { post } = await shop(t, { dir, url: there.url });
  const cases = [null, 'all', { regime: 'everything' }, { regime: 'opt_in', choice: { marketing: 'yes' }, basis: '<script>', at: 'now', policy: -1 }];
  for (const [index, consent] of cases.entries()) await post('/api/orders', { ...ORDER, checkout_id: `attempt-1${index}00`, consent, anonymous_id: index === 0 ? 'a b' : 'anon-1' });
  const got = await there.received(4);
  assert.deepEqual(got.slice(0, 3).map(({ body }) => body.consent), [undefined, undefined, undefined]);
  assert.deepEqual(got[3].body.consent, { regime: 'opt_in', policy: 0, gpc: false, after_gpc_notice: false, marketing: null, analytics: null, personalization: null, third_party_sharing: null });
  assert.deepEqual(got.map(({ body }) => body.user.anonymous_id), [undefined, 'anon-1', 'anon-1', 'anon-1']);
});

test('a notice is repeated until it is taken', async (t) => {
  const dir = await folder(t);
  const later = { status: 503, body: { error: { code: 'overloaded' } }, headers: { 'retry-after': '0' } };
  const there = await collector(t, [later, { ...later, status: 401 }, ACCEPTED]);
  const { post, logged } = await shop(t, { dir, url: there.url });
  await post('/api/orders', ORDER);
  await logged(/attempt=3 status=202 accepted/);
  assert.deepEqual(there.got.map(({ body }) => body.events[0].id), ['purchase:1001', 'purchase:1001', 'purchase:1001']);
});

test('an unsent notice survives a kill, and orders keep their numbers', async (t) => {
  const dir = await folder(t);
  const dead = await collector(t, [{ status: 503, headers: { 'retry-after': '300' } }]);
  const first = await shop(t, { dir, url: dead.url });
  await first.post('/api/orders', ORDER);
  await first.logged(/retry code=/);
  await first.stop('SIGKILL');
  const state = await first.stored();
  assert.equal(state.outbox.length, 1);
  state.outbox[0].next_at = 0;
  await writeFile(join(dir, 'data', 'shop.json'), JSON.stringify(state));

  const there = await collector(t, [ACCEPTED]);
  const second = await shop(t, { dir, url: there.url });
  assert.equal((await there.received(1))[0].body.events[0].id, 'purchase:1001');
  const again = await second.post('/api/orders', ORDER);
  assert.equal((await again.json()).transaction_id, '1001', 'the same attempt is the same order');
  const other = await second.post('/api/orders', { ...ORDER, checkout_id: 'attempt-0002' });
  assert.equal((await other.json()).transaction_id, '1002');
});

test('what the collector refuses is recorded by code and not repeated', async (t) => {
  const dir = await folder(t);
  const there = await collector(t, [{ status: 202, body: { accepted: 0, duplicates: 0, rejected: [{ index: 0, id: 'purchase:1001', code: 'consent_denied', message: '' }] } }]);
  const { post, logged, stored } = await shop(t, { dir, url: there.url });
  await post('/api/orders', ORDER);
  await logged(/refused code=consent_denied/);
  const { outbox, refused } = await stored();
  assert.deepEqual(outbox, []);
  assert.deepEqual(refused.map(({ id, code }) => [id, code]), [['purchase:1001', 'consent_denied']]);
});

test('bad orders are refused with the field named and nothing repeated', async (t) => {
  const dir = await folder(t);
  const there = await collector(t, [ACCEPTED]);
  const { post, origin } = await shop(t, { dir, url: there.url });
  const wrong = [
    [{ ...ORDER, lines: [] }, 422, 'lines are missing'],
    [{ ...ORDER, lines: [{ id: 'mug-harbour', quantity: 0.5 }] }, 422, 'quantity is not between 1 and 20'],
    [{ ...ORDER, lines: [{ id: 'no-such-thing', quantity: 1 }] }, 422, 'a line names no product'],
    [{ ...ORDER, customer: { ...CUSTOMER, email: 'nobody' } }, 422, 'email is not an address'],
    [{ ...ORDER, customer: { ...CUSTOMER, country: 'constructor' } }, 422, 'country is not served'],
    [{ ...ORDER, checkout_id: undefined }, 422, 'checkout_id is missing'],
    [{ ...ORDER, padding: 'x'.repeat(70_000) }, 413, 'body is longer than 65536 bytes'],
  ];
  for (const [body, status, message] of wrong) {
    const answer = await post('/api/orders', body);
    assert.deepEqual([answer.status, (await answer.json()).error.message], [status, message]);
  }
  assert.equal((await post('/api/orders', ORDER, { origin: 'https://elsewhere.example' })).status, 403);
  assert.equal((await post('/api/orders', ORDER, { 'content-type': 'text/plain' })).status, 415);
  assert.equal((await fetch(`${origin}/api/orders`)).status, 405);
  assert.deepEqual(there.got, []);
});

test('pages carry the snippet under a strict policy, and nothing outside the shop is served', async (t) => {
  const dir = await folder(t);
  const { origin } = await shop(t, { dir, url: 'http://collector.example:8', env: { REGIME: 'opt_out' } });
  for (const name of ['', 'index.html', 'product.html', 'cart.html', 'checkout.html', 'thanks.html', 'privacy.html']) {
    const answer = await fetch(`${origin}/${name}`);
    const html = await answer.text();
    const policy = answer.headers.get('content-security-policy');
    const nonce = /'nonce-([^']+)'/.exec(policy)[1];
    assert.ok(html.includes(`<script nonce="${nonce}">window.firsthand = {};</script>`), name);
    assert.ok(html.includes('<script async src="http://collector.example:8/sdk/fh.js" data-write-key="pk_test" data-regime="opt_out"'), name);
    assert.ok(html.includes('data-firsthand-consent'), `${name} has the link to the settings`);
    assert.doesNotMatch(policy, /unsafe-inline|'unsafe-eval'|\*/);
    assert.match(policy, /connect-src 'self' http:\/\/collector\.example:8 http:\/\/sandbox\.example:9/);
    assert.ok(!html.includes(SECRET));
  }
  for (const path of ['/../server.mjs', '/..%2fserver.mjs', '/%2e%2e/server.mjs', '/server/config.mjs', '//', '/shop.json']) {
    assert.equal((await fetch(origin + path)).status, 404, path);
  }
  assert.equal((await fetch(`${origin}/js/cart.js`)).headers.get('content-type'), 'text/javascript; charset=utf-8');
  assert.equal((await fetch(`${origin}/index.html`, { method: 'DELETE' })).status, 405);
});

test('missing settings are all named, their values never', async (t) => {
  const dir = await folder(t);
  const child = spawn(process.execPath, [SERVER], { env: { PATH: process.env.PATH, COLLECTOR_URL: 'ftp://user:hunter2@host', STUB_FILE: join(dir, 'none.js') } });
  let text = '';
  child.stderr.setEncoding('utf8').on('data', (part) => { text += part; });
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  for (const name of ['WRITE_KEY is not set', 'neither SECRET_KEY_FILE nor SECRET_KEY', 'COLLECTOR_URL is not an http', 'does not exist; build the npm package first']) assert.match(text, new RegExp(name));
  assert.ok(!text.includes('hunter2'));
});

test('a termination signal ends the shop in order', async (t) => {
  const dir = await folder(t);
  const { stop } = await shop(t, { dir, url: 'http://127.0.0.1:9' });
  assert.equal(await stop(), 0);
});
