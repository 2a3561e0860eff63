// A collector as a process of its own, and what it says about what arrived.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const START_DEADLINE_MS = 30_000;
const BINARY = process.env.FIRSTHAND ?? fileURLToPath(new URL('../../../target/debug/firsthand', import.meta.url));
const ADMIN_TOKEN = 'admin_clients_0123456789';

export const WRITE_KEY = 'wk_clients_0123456789';
export const ANONYMOUS_ID = '0199d2a4-79b0-7cc3-98c4-dc0c0c07398f';
export const SECRETS = { shopify: 'hush_shopify', woocommerce: 'wc_secret', stripe: 'whsec_clients' };

/** Consent of all purposes, as Segment's consent manager tells it. */
export const GRANTED = { consent: { categoryPreferences: { Advertising: true, Analytics: true, Functional: true } } };

const CONFIG = `
[server]
listen = "127.0.0.1:0"
[store]
dir = "DIR/data"
[admin]
token = { env = "ADMIN_TOKEN" }
[[source]]
name = "cdp"
kind = "segment"
secret_key = { env = "WRITE_KEY" }
default_phone_country = "DE"
[source.consent_categories]
Advertising = ["marketing", "third_party_sharing"]
Analytics = ["analytics"]
Functional = ["personalization"]
[[source]]
name = "shop"
kind = "shopify"
secrets = [{ env = "SHOPIFY_SECRET" }]
transaction_id = "name"
[[source]]
name = "woo"
kind = "woocommerce"
secrets = [{ env = "WOOCOMMERCE_SECRET" }]
transaction_id = "number"
[[source]]
name = "pay"
kind = "stripe"
secrets = [{ env = "STRIPE_SECRET" }]
transaction_id = "metadata.order"
take_test_orders = true
`;

export class Collector {
  #child;
  #dir;
  output = '';

  static async start() {
    const collector = new Collector();
    collector.#dir = await mkdtemp(join(tmpdir(), 'firsthand-clients-'));
    const config = join(collector.#dir, 'collector.toml');
    await writeFile(config, CONFIG.replace('DIR', collector.#dir));
    collector.#child = spawn(BINARY, ['serve', '--config', config], {
      env: {
        ...process.env,
        ADMIN_TOKEN,
        WRITE_KEY,
        SHOPIFY_SECRET: SECRETS.shopify,
        WOOCOMMERCE_SECRET: SECRETS.woocommerce,
        STRIPE_SECRET: SECRETS.stripe,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    collector.url = await collector.#listening();
    return collector;
  }

  #listening() {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => reject(new Error(`no collector:\n${this.output}`)), START_DEADLINE_MS);
      const read = (chunk) => {
        this.output += chunk;
        const found = /listening on (http:\/\/[^\s"]+)/.exec(this.output);
        if (found) {
          clearTimeout(deadline);
          resolve(found[1].replace(/\/$/, ''));
        }
      };
      this.#child.stdout.setEncoding('utf8').on('data', read);
      this.#child.stderr.setEncoding('utf8').on('data', read);
      this.#child.once('exit', (code) => reject(new Error(`the collector ended with ${code}:\n${this.output}`)));
      this.#child.once('error', reject);
    });
  }

  /** Returns all events, oldest first: {event_id, name, sources, …}. */
  async events() {
    const answer = await this.#inspect('/v1/inspect/events?limit=1000');
    return answer.events.reverse();
  }

  /** Returns what is known of an event, its stored copies with it. */
  async event(id) {
    const { events } = await this.#inspect(`/v1/inspect/events/${encodeURIComponent(id)}`);
    return events;
  }

  async quarantine() {
    const { quarantine } = await this.#inspect('/v1/inspect/quarantine?limit=1000');
    return quarantine;
  }

  async #inspect(path) {
    const answer = await fetch(this.url + path, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }

  /** Returns the value of a metric, 0 when it is not there. */
  async metric(series) {
    const text = await (await fetch(`${this.url}/metrics`)).text();
    const line = text.split('\n').find((candidate) => candidate.startsWith(`${series} `));
    return line ? Number(line.slice(series.length)) : 0;
  }

  async stop() {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await ended;
    }
    await rm(this.#dir, { recursive: true, force: true });
  }
}
