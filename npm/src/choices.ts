/**
 * Tells the collector of each choice, a yes as well as a no: `POST /v1/consent` (docs/wire.md). It keeps a receipt, and events of the visitor that
 * wait there to be forwarded follow the choice. A visitor who refuses before anything was sent has no id, and none is sent.
 *
 * Kept under `fh.w` (with `storage: memory` in the page) until the collector has answered for it, and nothing but what is sent; tried again
 * on the next load, when the network is back and when the page is seen again.
 */
import * as host from 'firsthand-host';
import { base } from './options.js';
import type { Options } from './types.js';

const KEY = 'fh.w';
/** Choices that are kept; a visitor who changes their mind more often while offline loses the oldest. */
const MOST = 5;

export interface Choices {
  /** Keeps and sends one: the consent evidence of the wire, with what the banner says about how it asked. */
  add(anonymousId: string, consent: object, evidence?: object): void;
  /** Sends those that the collector has not answered for. */
  tell(): void;
  /** The same for a page that leaves. */
  leave(): void;
}

/** The collector's answer is final: it has the choice, or will never take it. */
const isFinal = (status: number): boolean => status == 202 || (status >= 400 && status < 500 && ![408, 425, 429].includes(status));

export const choices = ({ endpoint, writeKey }: Options): Choices => {
  const url = base(endpoint) + '/v1/consent';
  const underWay = new Set<string>();

  /** One body a line; those of another tab among them. */
  const waiting = (): string[] => host.ls_get(KEY).split('\n').filter(Boolean);
  const keep = (bodies: string[]): void => {
    if (bodies.length) host.ls_set(KEY, bodies.join('\n'));
    else host.ls_del(KEY);
  };
  /** The collector measures the clock of this moment, not that of the choice. */
  const fresh = (body: string): string => body.replace(/"sent_at":\d+/, '"sent_at":' + Date.now());

  const send = async (body: string): Promise<void> => {
    underWay.add(body);
    try {
      const [status] = await host.within(host.DEADLINE_MS, (signal) => host.post(url, fresh(body), signal));
      if (isFinal(status)) keep(waiting().filter((other) => other != body));
    } catch {
      // Kept: the next load, or the network's return, tries again.
    }
    underWay.delete(body);
  };
  const unsent = (): string[] => waiting().filter((body) => !underWay.has(body));
  const tell = (): void => unsent().forEach((body) => void send(body));

  return {
    add(id, said, evidence) {
      const consent = { ...evidence, ...said };
      const body = JSON.stringify({ v: 1, write_key: writeKey, sent_at: Date.now(), user: { anonymous_id: id || undefined }, consent });
      keep([...waiting(), body].slice(-MOST));
      tell();
    },
    tell,
    leave: () => unsent().forEach((body) => host.beacon(url, fresh(body))),
  };
};
