/**
 * The part that is there before everything else: it makes ids, remembers calls, and hands them over when the core arrives.
 *
 * A shop inlines it into its HTML, so it is written small (`build.mjs` checks 1 kB) and answers with the least that a page can work with; the
 * npm package fills its answers up (`starting.ts`). Its ids are those of `sdk/core/src/ids.rs`; `test/pages.test.mjs` holds both against each
 * other.
 */

/** A call that waits: method, then its arguments. */
export type Call = [method: string, ...args: any[]];

/** The calls that wait. */
export interface Calls extends Array<Call> {
  /** How many more there were. */
  d?: number;
}

/** What the page calls before the core is there. */
export interface Stub {
  /** Calls that wait; the core replaces its `push` by one that runs them. */
  q: Calls;
  [method: string]: any;
}

/** An order number in its one form, or nothing. A list, because in one nothing is the empty text; `(?=(…))\1` takes all that may go, or `#` were one. */
const order = (raw: any, found = /^\s*(?=((gid:..shopify.(Order|Refund).)?#?))\1([!-?A-~]{1,64})\s*$/.exec([raw] as any)): string => (found ? ':' + found[4] : '');

/** The id an event has in all its copies: derived from the order where there is one, else the wanted one, else a UUIDv7. */
export const eventId = (name: any, props?: any, wanted?: any): string => {
  try {
    // "completed" has a ninth letter.
    const event = ('' + name).trim().replace(/^order (completed|refunded)$/i, (_, done) => (done[8] ? 'purchase' : 'refund'));
    const id = /^(purchase|refund)$/.test(event) && order(props?.transaction_id ?? props?.order_id);
    if (id) return event + id + order(event < 'r' ? '' : props.refund_id);
    if (/^[!-?A-~]{1,160}$/.test([wanted] as any)) return '' + wanted;
  } catch {}
  // Milliseconds have eleven hexadecimal digits until the year 2527. After them (`-7000-8000-100000000000`) 0 and 1 become any digit, 8 one of
  // 8 to b. One call for all: each costs the browser microseconds, however few bytes it brings.
  wanted = crypto.getRandomValues(new Uint8Array(23));
  return (
    Date.now().toString(16).replace(/.{7}/, '0$&-') +
    ([-7e3] + (-8e3 as any) + -1e11).replace(/[018]/g, (digit: any, place: any) => (digit ^ (wanted[place] & (15 >> (digit / 4)))).toString(16))
  );
};

/** Makes the API that only remembers, at most 1,000 calls. */
export const createStub = (): Stub => {
  const q: Calls = [];
  const later =
    (method: string) =>
    (...args: any[]): any =>
      q[999] ? (q.d = -~q.d!) : q.push([method, ...args]);
  const track = (name: string, props?: any, options?: any, id = eventId(name, props, options?.id)): string => (
    later('track')(name, props, { at: Date.now(), ...options, id }), id
  );
  return {
    q,
    track,
    page: (props?: any) => track('page_view', props),
    identify: later('identify'),
    reset: later('reset'),
    flush: () =>
      // The time is that of the core (`client.ts`), which may never come.
      new Promise<void>((done) => later('flush')(done, setTimeout(done, 15e3))),
    debug: () => ({ state: 'starting', queued: q.length, dropped: {} }),
    consent: {
      get: () => ({ choice: {}, allow: {} }),
      set: later('set'),
      on: (callback: any) => (later('on')((state: any) => callback?.(state)), () => (callback = 0)),
      open: later('open'),
    },
  };
};
