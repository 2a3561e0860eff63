/**
 * Delivers notices to the collector until it has them, across restarts of either.
 *
 * One at a time, oldest due first. A notice that cannot be delivered waits with full-jitter back-off (or as long as `Retry-After` says) and delays
 * no other. What the collector refuses for good is recorded by id and code, without its contents. Log lines carry no personal data.
 */

const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 5 * 60_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** How many refusals are remembered. */
const MAX_REFUSED = 1000;
const GIVE_UP_AFTER_MS = 7 * 24 * 3_600_000;
/** Statuses that no repetition changes. 401 and 403 are not among them: a key can be put right. */
const FINAL = new Set([400, 404, 405, 413, 415, 422]);

/** Sends the notices in the ledger's outbox. */
export class Outbox {
  #ledger;
  #config;
  #log;
  #timer;
  #working = null;
  #stopping = new AbortController();

  constructor(ledger, config, log) {
    this.#ledger = ledger;
    this.#config = config;
    this.#log = log;
  }

  /** Looks for due notices now; call it after adding one, and once at start. */
  wake() {
    if (this.#stopping.signal.aborted || this.#working) return;
    clearTimeout(this.#timer);
    this.#working = this.#deliverDue()
      .then(() => 0)
      .catch((error) => {
        this.#log(`outbox error="${error.message}"`);
        return FIRST_WAIT_MS;
      })
      .then((pauseMs) => {
        this.#working = null;
        this.#sleep(pauseMs);
      });
  }

  /** Stops sending; what is left stays in the ledger for the next start. */
  async stop() {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#working;
  }

  #sleep(pauseMs) {
    if (this.#stopping.signal.aborted) return;
    const next = Math.min(...this.#ledger.state.outbox.map(({ next_at }) => next_at));
    if (Number.isFinite(next)) this.#timer = setTimeout(() => this.wake(), Math.max(pauseMs, next - Date.now()));
  }

  async #deliverDue() {
    while (!this.#stopping.signal.aborted) {
      const due = this.#ledger.state.outbox.filter(({ next_at }) => next_at <= Date.now()).sort((a, b) => a.next_at - b.next_at)[0];
      if (!due) return;
      const outcome = await this.#attempt(due);
      if (outcome) await this.#record(due, outcome);
    }
  }

  /** Returns what one attempt came to, or nothing when the shop is shutting down. */
  async #attempt({ body }) {
    try {
      const answer = await fetch(`${this.#config.collectorInternalUrl}/v1/events`, {
        method: 'POST',
        headers: { authorization: `Bearer ${this.#config.secretKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, sent_at: Date.now() }),
        signal: AbortSignal.any([AbortSignal.timeout(REQUEST_TIMEOUT_MS), this.#stopping.signal]),
      });
      const answered = await answer.json().catch(() => ({}));
      if (answer.status === 202) return { status: 202, done: true, duplicates: Number(answered.duplicates) || 0, code: answered.rejected?.[0]?.code };
      const code = answered.error?.code ?? 'unexpected_answer';
      return { status: answer.status, done: FINAL.has(answer.status), code, waitMs: retryAfterMs(answer.headers.get('retry-after')) };
    } catch (error) {
      if (this.#stopping.signal.aborted) return undefined;
      return { status: 0, done: false, code: error.name === 'TimeoutError' ? 'timeout' : 'unreachable' };
    }
  }

  async #record(notice, { status, done, duplicates, code, waitMs }) {
    const now = Date.now();
    const attempt = notice.attempts + 1;
    const tooOld = !done && now - notice.created_at > GIVE_UP_AFTER_MS;
    const wait = waitMs ?? Math.random() * Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 20));
    await this.#ledger.change((state) => {
      if (!done && !tooOld) {
        const kept = state.outbox.find(({ id }) => id === notice.id);
        Object.assign(kept, { attempts: attempt, next_at: now + Math.ceil(wait) });
        return;
      }
      state.outbox = state.outbox.filter(({ id }) => id !== notice.id);
      if (code) state.refused = [...state.refused, { id: notice.id, code: tooOld ? 'gave_up' : code, at: now }].slice(-MAX_REFUSED);
    });
    const result = done ? (code ? `refused code=${code}` : `accepted duplicates=${duplicates}`) : tooOld ? 'gave_up' : `retry code=${code} wait_ms=${Math.ceil(wait)}`;
    this.#log(`notice ${notice.id} attempt=${attempt} status=${status} ${result}`);
  }
}

/** Returns the wait a `Retry-After` asks for, in milliseconds and within reason, or nothing. */
function retryAfterMs(header) {
  const seconds = Number(header ?? NaN);
  return Number.isFinite(seconds) && seconds >= 0 && header !== '' ? Math.min(seconds * 1000, LONGEST_WAIT_MS) : undefined;
}
