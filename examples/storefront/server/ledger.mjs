/**
 * What the shop must not lose: its orders, and the notices about them that the collector has not taken yet.
 *
 * One JSON file, written as a whole beside the old one and renamed over it, so a crash leaves the old or the new, never half. An order and its
 * notice are written in one go: no order without a notice, no notice without an order. The file holds personal data and is readable by its owner
 * only; a notice is removed from it as soon as it is delivered.
 *
 * { "next_order": 1003, "orders": [ … ], "outbox": [ … ], "refused": [ { "id", "code", "at" } ], "newsletter": [ … ] }
 */

import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';

const EMPTY = { next_order: 1001, orders: [], outbox: [], refused: [], newsletter: [] };

/** The file and what is in it. Changes are made one after another. */
export class Ledger {
  #path;
  #state;
  #last = Promise.resolve();

  constructor(path, state) {
    this.#path = path;
    this.#state = state;
  }

  /** Opens the ledger in `folder`, which is made if needed. An unreadable file is an error: orders are not thrown away. */
  static async open(folder) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const path = join(folder, 'shop.json');
    try {
      return new Ledger(path, { ...structuredClone(EMPTY), ...JSON.parse(await readFile(path, 'utf8')) });
    } catch (error) {
      if (error.code === 'ENOENT') return new Ledger(path, structuredClone(EMPTY));
      throw new Error(`cannot read ${path}`, { cause: error });
    }
  }

  /** What is in the ledger now. Read only. */
  get state() {
    return this.#state;
  }

  /** Applies `change` to the state and returns its result once that is on disk; when it cannot be written, nothing has changed. */
  change(change) {
    const step = this.#last.then(async () => {
      const next = structuredClone(this.#state);
      const result = change(next);
      await this.#write(next);
      this.#state = next;
      return result;
    });
    this.#last = step.catch(() => {});
    return step;
  }

  /** Waits until what was asked for so far is on disk. */
  settled() {
    return this.#last;
  }

  async #write(state) {
    const fresh = `${this.#path}.new`;
    const file = await open(fresh, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(state));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(fresh, this.#path);
  }
}
