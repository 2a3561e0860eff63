// Everything a shop has: collector, platforms (sandbox), backend and pages, each a real process.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { Service } from './process.mjs';
import { Proxy } from './proxy.mjs';
import { until } from './wait.mjs';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const FIRSTHAND = process.env.FIRSTHAND_BIN ?? path.join(ROOT, 'target/debug/firsthand');
const SECRETS = {
  BACKEND_KEY: 'sk_e2e_backend_0123456789abcdef',
  ADMIN_TOKEN: 'admin_e2e_0123456789abcdef',
  META_TOKEN: 'EAAsandbox',
  TIKTOK_TOKEN: 'tt-sandbox',
  GA4_SECRET: 'ga4-sandbox',
};

const DESTINATIONS = 3;
const OPEN = new Set(['waiting', 'retry', 'paused', 'pending']);
const isDone = (destinations) => destinations.length === DESTINATIONS && destinations.every(({ state }) => !OPEN.has(state));

export class Stack {
  /** Every collector that ran on this data, the killed ones among them. */
  collectors = [];

  /**
   * Starts all of it. `settleMs` is how long a purchase waits for its other half, `policyVersion` the policy in force, `origins` are other shops
   * whose pages may report.
   */
  static async start({ settleMs = 1500, policyVersion = 1, origins = [] } = {}) {
    const stack = new Stack();
    stack.folder = mkdtempSync(path.join(tmpdir(), 'firsthand-stack-'));
    Object.assign(stack, { settleMs, policyVersion, origins });
    // The sandbox asks the collector, which must know the shop's origin and sends to the sandbox: the proxy knows all addresses first.
    stack.proxy = await Proxy.start('http://127.0.0.1:9');
    const asking = ['--collector', stack.proxy.url, '--token-env', 'ADMIN_TOKEN'];
    stack.sandbox = await Service.start('sandbox', FIRSTHAND, ['sandbox', '--listen', '127.0.0.1:0', ...asking], SECRETS);
    stack.shop = await Service.start('shop', process.execPath, [path.join(ROOT, 'examples/storefront/server.mjs')], {
      PORT: '0',
      HOST: '127.0.0.1',
      COLLECTOR_URL: stack.proxy.url,
      WRITE_KEY: 'pk_e2e',
      SECRET_KEY: SECRETS.BACKEND_KEY,
      SANDBOX_URL: stack.sandbox.url,
      PIXEL_ID: '1000000000000001',
      DATA_DIR: path.join(stack.folder, 'shop'),
    });
    stack.shopUrl = stack.shop.url;
    await stack.startCollector();
    return stack;
  }

  /** Starts the collector (again) on the same data. */
  async startCollector() {
    const config = path.join(this.folder, 'collector.toml');
    writeFileSync(config, this.config());
    this.collector = await Service.start('collector', FIRSTHAND, ['serve', '--config', config], SECRETS);
    this.collectors.push(this.collector);
    this.proxy.retarget(this.collector.url);
  }

  config() {
    return readFileSync(new URL('../collector.toml', import.meta.url), 'utf8')
      .replaceAll('{data}', path.join(this.folder, 'data'))
      .replaceAll('{origins}', [new URL(this.shopUrl).origin, ...this.origins].map((origin) => `"${origin}"`).join(', '))
      .replaceAll('{policy_version}', String(this.policyVersion))
      .replaceAll('{sandbox}', this.sandbox.url)
      .replaceAll('{settle_ms}', String(this.settleMs));
  }

  async control(method, route, body) {
    const answer = await fetch(`${this.sandbox.url}/control/${route}`, {
      method,
      headers: body ? { 'content-type': 'application/json' } : {},
      body: body ? JSON.stringify(body) : undefined,
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`sandbox ${route}: ${answer.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** What arrived at the platforms, as the sandbox reports it. */
  async arrived(filter = {}) {
    const query = new URLSearchParams(filter);
    return this.control('GET', `events?${query}`);
  }

  /** What all collectors said. */
  log() {
    return this.collectors.map((collector) => collector.output).join('\n');
  }

  async metrics() {
    return (await fetch(`${this.collector.url}/metrics`)).text();
  }

  async inspect() {
    const answer = await fetch(`${this.collector.url}/v1/inspect/events?limit=200`, {
      headers: { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` },
    });
    if (!answer.ok) throw new Error(`inspect: ${answer.status}`);
    return (await answer.json()).events;
  }

  /** One event as the collector tells of it, once it has it. */
  async event(id) {
    return until(`the collector has ${id}`, async () => {
      const answer = await fetch(`${this.collector.url}/v1/inspect/events/${encodeURIComponent(id)}`, {
        headers: { authorization: `Bearer ${SECRETS.ADMIN_TOKEN}` },
      });
      return answer.ok && (await answer.json()).events[0];
    });
  }

  /** What became of one event at each destination, once nothing is open any more: `{ meta: 'delivered', … }`. */
  async fate(id) {
    return until(`the fate of ${id}`, async () => {
      const { destinations } = await this.event(id);
      return isDone(destinations) && Object.fromEntries(destinations.map(({ name, state }) => [name, state]));
    });
  }

  /** Waits until every event the collector has is delivered, suppressed or dead at every destination. */
  async drained() {
    return until('the collector has forwarded everything', async () => {
      const events = await this.inspect();
      return events.every((e) => isDone(e.destinations)) ? events : null;
    });
  }

  async stop() {
    await this.shop?.stop();
    await this.collector?.stop();
    await this.sandbox?.stop();
    await this.proxy?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
