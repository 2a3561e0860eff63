// One visitor of one row of the consent matrix: arrives, answers, withdraws, comes back. After each step all that the browser keeps and all that
// left it is held against what the row allows.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { search } from './bytes.mjs';
import { NOTHING, PLACES, VENDOR, consequences } from './matrix.mjs';
import { NOTHING_STORED, elsewhere, foreign, stored, watch } from './observe.mjs';
import { BLANK, page as testPage } from './pages.mjs';
import { Proxy } from './proxy.mjs';
import { until } from './wait.mjs';

/** The tool answers when the test says so, however long that takes. */
const PATIENT_MS = 600_000;
const NOT_ANY_MORE = { ...consequences(NOTHING), isWaiting: false };
/** What may be kept where events are reported: id, session, segments, the choice, what the collector was last told of a tool. */
const KEYS = /^fh\.([ascf]|h\.\w+)$/;
const COOKIE = 'fh_id';

export class MatrixVisit {
  errors = [];

  /** `name` tells the visitor from all others. */
  constructor(row, name, { stack, pages, seat }) {
    const { context, page } = seat;
    Object.assign(this, { row, stack, pages, context, page, path: `/${name}`, click: `Cj0KCQ-${name}-click` });
    this.email = `${name}@zauberwald-post.example`;
    this.digest = createHash('sha256').update(this.email).digest('hex');
  }

  /** Opens the page, with what an earlier visit left. */
  async arrive() {
    const { row, pages, page } = this;
    // A line of its own: whatever comes over it is of this visitor.
    this.line = await Proxy.start(this.stack.collector.url, PLACES[row.regime]);
    page.on('pageerror', (error) => this.errors.push(String(error)));
    await page.goto(pages.put('/blank', BLANK));
    assert.deepEqual(await stored(page, this.context), NOTHING_STORED, 'whoever sat here before has left nothing');
    if (row.stored) await page.evaluate((choice) => localStorage.setItem('fh.c', choice), row.stored);
    this.addresses = watch(page);
    const attributes = { 'data-banner': 'off', 'data-signals-timeout-ms': PATIENT_MS, 'data-tcf-vendors': VENDOR };
    this.address = pages.put(this.path, testPage({ collector: this.line.url, tools: row.signal ? [row.signal.tool] : [], attributes }));
    await this.load();
  }

  async load() {
    await this.page.goto(`${this.address}?gclid=${this.click}&utm_source=matrix`, { waitUntil: 'load' });
    await until('the SDK is ready', () => this.page.evaluate(() => window.firsthand?.debug?.()?.state === 'ready'));
  }

  async beforeTheAnswer() {
    this.early = await this.report();
    await this.settled();
    await this.check(this.row.before, { id: this.early, from: 0, hasChosen: Boolean(this.row.stored) });
    if (this.row.before.isReported) await this.arrived(this.early, this.row.before.fate);
  }

  async afterTheAnswer() {
    const { row } = this;
    const from = this.line.requests.length;
    if (row.said) await this.page.evaluate((...said) => window.firsthand.consent.set(...said), ...row.said);
    if (row.signal) await this.toolSpeaks();
    const id = await this.report();
    await this.settled();
    const state = await this.page.evaluate(() => window.firsthand.consent.get());
    assert.deepEqual(state.allow, row.after.allow);
    if (row.shows) assert.deepEqual({ prompt: state.prompt, showOptOutHonoured: state.showOptOutHonoured }, row.shows);
    await this.check(row.after, { id, from, hasChosen: Boolean(row.said ?? row.stored) });
    if (!row.after.isReported) return;
    await this.arrived(id, row.after.fate);
    // What waited has left with the answer.
    if (!row.before.isReported) await this.arrived(this.early, row.after.fate);
  }

  async afterTheWithdrawal() {
    const from = this.line.requests.length;
    const known = await this.page.evaluate(() => localStorage.getItem('fh.a')?.split(' ')[0]);
    await this.page.evaluate(() => window.firsthand.consent.set('none'));
    const id = await this.report();
    await this.settled();
    await this.check(NOT_ANY_MORE, { id, from, hasChosen: true });
    const told = this.line.requests.slice(from).filter((r) => r.path === '/v1/consent').map((r) => JSON.parse(r.body));
    assert.equal(told.length, 1, 'the collector is told once');
    assert.equal(told[0].user.anonymous_id, known, 'under the id it knows the visitor by');
    assert.deepEqual(Object.keys(NOTHING).map((purpose) => told[0].consent[purpose]), [false, false, false, false]);
  }

  async onTheNextPage() {
    const from = this.line.requests.length;
    await this.load();
    // The tool says again what it said; the visitor's own no outranks it.
    if (this.row.signal) await this.toolSpeaks();
    const id = await this.report();
    await this.settled();
    await this.check(NOT_ANY_MORE, { id, from, hasChosen: true });
  }

  async toolSpeaks() {
    const { tool, says } = this.row.signal;
    await this.page.evaluate((name, words) => window.tools[name](...words), tool, says);
    await until('the tool has been heard', () => this.page.evaluate(() => window.firsthand.consent.get().signals?.awaited === false));
  }

  /** Tells who the visitor is and reports an event. Returns its id. */
  async report() {
    return this.page.evaluate((email) => {
      window.firsthand.identify({ email });
      return window.firsthand.track('sign_up', { method: 'letter' });
    }, this.email);
  }

  /** Waits until the page has nothing left to do and every request has its answer. */
  async settled() {
    await this.page.evaluate(() => window.firsthand.flush());
    await until('the collector has been told of the choice', () => this.page.evaluate(() => localStorage.getItem('fh.w') === null));
    await until('every request is answered', () => this.line.requests.every(({ status }) => status > 0));
  }

  /** Holds storage and network against what is expected; `from` is the first request that counts. */
  async check({ isReported, isMatched, hasClick, isWaiting }, { id, from, hasChosen }) {
    const kept = await stored(this.page, this.context);
    const keys = Object.keys(kept.local).sort();
    assert.deepEqual(elsewhere(kept), [], 'nothing is kept anywhere else');
    if (isReported) {
      for (const key of keys) assert.match(key, KEYS);
      assert.ok(['fh.a', 'fh.s'].every((key) => keys.includes(key)), keys.join());
    } else {
      assert.deepEqual(keys, hasChosen ? ['fh.c'] : [], 'only a choice is kept');
    }
    assert.deepEqual(kept.cookies.map(({ name, httpOnly }) => [name, httpOnly]), isReported ? [[COOKIE, true]] : []);

    const requests = this.line.requests.slice(from);
    const posts = requests.filter(({ method }) => method === 'POST');
    const batches = posts.filter(({ path }) => path === '/v1/events');
    assert.deepEqual(requests.filter(({ method, path, status }) => !isExpected(method, path, status)), [], 'nothing else is asked for, and nothing is refused');
    assert.equal(batches.some(({ body }) => body.includes(id)), isReported, 'whether the event leaves');
    if (!isReported) assert.deepEqual(batches, [], 'no event leaves');
    for (const [what, value, isAllowed] of [['click id', this.click, hasClick], ['digest', this.digest, isMatched]]) {
      assert.equal(batches.some(({ body }) => body.includes(value)), isAllowed, `whether the ${what} leaves`);
      assert.equal(JSON.stringify(kept).includes(value), isAllowed, `whether the ${what} is kept`);
      if (!isAllowed) assert.ok(!requests.some((request) => textOf(request).includes(value)), `the ${what} leaves in no request`);
    }
    const haystacks = [{ where: 'storage', bytes: Buffer.from(JSON.stringify(kept)) }, ...this.line.requests.map((r) => ({ where: r.path, bytes: Buffer.from(textOf(r)) }))];
    assert.deepEqual(search(haystacks, [this.email]), [], 'the address itself is nowhere');
    assert.deepEqual(foreign(this.addresses, [this.pages.url, this.line.url]), [], 'nobody else is asked for anything');

    const status = await this.page.evaluate(() => window.firsthand.debug());
    assert.equal(status.queued, 0);
    assert.equal(status.held > 0, isWaiting, 'whether events wait in memory');
    if (!isReported && !isWaiting) assert.ok(status.dropped.consent_denied > 0, 'what is forgotten is counted');
    assert.deepEqual(this.errors, []);
  }

  /** Waits for what becomes of an event at the platforms, and compares. */
  async arrived(id, expected) {
    const fate = await this.stack.fate(id);
    assert.deepEqual(fate, Object.fromEntries(Object.entries(expected).map(([name, isSent]) => [name, isSent ? 'delivered' : 'suppressed'])));
  }

  /** Leaves the seat to somebody else: what the row left, the choice, is removed. */
  async leave() {
    await this.page.evaluate(() => localStorage.clear());
    for (const event of ['pageerror', 'request']) this.page.removeAllListeners(event);
    await this.page.goto('about:blank');
    await this.line.stop();
  }
}

const textOf = ({ path, headers, body }) => `${path}\n${JSON.stringify(headers)}\n${body.toString('utf8')}`;

const isExpected = (method, path, status) =>
  (method === 'GET' && status === 200 && (path.startsWith('/sdk/') || path === '/v1/region')) ||
  (method === 'POST' && status === 202 && (path === '/v1/events' || path === '/v1/consent'));
