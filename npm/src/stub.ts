/**
 * The part that is there before everything else: it makes ids, remembers calls, and hands them over when the core arrives.
 *
 * A shop inlines it into its HTML, so it is written small (`build.mjs` checks 1 kB). Its ids are those of `sdk/core/src/ids.rs`;
 * `test/stub.test.mjs` holds both against each other.
 */

/** A call that waits: method, then its arguments. */
export type Call = [method: string, ...args: any[]];

/** What the page calls before the core is there. */
export interface Stub {
  /** Calls that wait; the core replaces its `push` by one that runs them. */
  q: Call[];
  [method: string]: any;
}

/** An order number in its one form, or nothing. */
const order = (raw: any): string => {
  const id = ('' + (raw ?? '')).trim().replace(/^(gid:..shopify.(Order|Refund).)?#?/, '');
  return /^[!-?A-~]{1,64}$/.test(id) ? ':' + id : '';
};

/** The id an event has in all its copies: derived from the order where there is one, else the wanted one, else a UUIDv7. */
export const eventId = (name: any, props?: any, wanted?: any): string => {
  try {
    const event = ('' + name).trim().replace(/^order completed$/i, 'purchase').replace(/^order refunded$/i, 'refund');
    const id = /^(purchase|refund)$/.test(event) && order(props.transaction_id ?? props.order_id);
    if (id) return event + id + (event < 'r' ? '' : order(props.refund_id));
  } catch {}
  if (/^[!-?A-~]{1,160}$/.test(wanted ?? '')) return wanted;
  // Milliseconds have eleven hexadecimal digits until the year 2527.
  const time = '0' + Date.now().toString(16);
  return (time.slice(0, 8) + '-' + time.slice(8) + '-7xxx-yxxx-xxxxxxxxxxxx').replace(/x|y/g, (digit) =>
    ((crypto.getRandomValues(new Uint8Array(1))[0]! & (digit > 'x' ? 3 : 15)) | (digit > 'x' ? 8 : 0)).toString(16),
  );
};

/** Makes the API that only remembers, at most 1,000 calls. */
export const createStub = (): Stub => {
  const q: Call[] = [];
  const later =
    (method: string) =>
    (...args: any[]): any => {
      if (q.length < 1e3) q.push([method, ...args]);
    };
  const track = (name: string, props?: any, options?: any): string => {
    const id = eventId(name, props, options?.id);
    later('track')(name, props, { at: Date.now(), ...options, id });
    return id;
  };
  return {
    q,
    track,
    page: (props?: any) => track('page_view', props),
    identify: later('identify'),
    reset: later('reset'),
    flush: () => new Promise<void>(later('flush')),
    debug: () => ({ state: 'starting', queued: q.length }),
    consent: { get: () => {}, set: later('set'), on: later('on'), open: later('open') },
  };
};
