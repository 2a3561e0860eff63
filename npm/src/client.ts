/**
 * The surface between the page and the core: turns objects into texts, listens to the page, and keeps every error away from it.
 *
 * A trap in the core (a panic) makes the SDK inert: it does nothing more and says so in `debug()`.
 */
import * as host from 'firsthand-host';
import { eventId, type Call, type Stub } from './stub.js';
import { withdrawals, type Withdrawals } from './withdrawal.js';
import type { ConsentState, Options, Status } from './types.js';

/** The module's functions (`sdk/web/src/lib.rs`). */
export interface Core {
  start(options: string): void;
  navigate(href: string, referrer: string): boolean;
  track(name: string, props: string, transaction: string, refund: string, id: string, at: number): string;
  identify(values: string): string;
  consent_view(): string;
  choose(answers: string, basis: string, afterGpcNotice: boolean): string;
  reset(): void;
  flush(): void;
  status(): string;
  set_debug(on: boolean): void;
  hidden(): void;
  left(): void;
  returned(): void;
  woke(): void;
  storage_changed(key: string): void;
  tick(): void;
  locked(isOurs: boolean): void;
  sent(status: number, retryAfter: number, duplicates: number, rejected: string): void;
}

const PURPOSES = ['marketing', 'analytics', 'personalization', 'third_party_sharing'] as const;
/** A flush settles at the latest then, whatever the network does. */
const FLUSH_DEADLINE_MS = 15_000;

/** One value as a line's field: control characters would end it. */
const field = (value: unknown): string => String(value).replace(/[\0-\x1f]+/g, ' ');

const lines = (values: object): string =>
  Object.entries(values)
    .filter(([, value]) => value != null && typeof value != 'function' && (typeof value != 'object' || Array.isArray(value)))
    .map(([name, value]) => name + '\t' + field(value))
    .join('\n');

/** An event's properties as JSON; `!` when they cannot be written. */
const propsText = (props: unknown): string => {
  if (props == null) return '';
  try {
    const text = JSON.stringify(props);
    return text[0] == '{' ? text : '!';
  } catch {
    return '!';
  }
};

const text = (value: unknown): string => (typeof value == 'string' || typeof value == 'number' ? String(value) : '');

/** Why the SDK stopped, if it has. */
let inertReason: string | undefined;
let core: Core | undefined;
let told: Withdrawals | undefined;
let refused: string[] = [];
const listeners = new Set<(state: ConsentState) => void>();
let waiting: (() => void)[] = [];

const stop = (reason: unknown): void => {
  inertReason ??= String(reason).slice(0, 200);
  core = undefined;
  host.timer(-1);
  host.unlock();
  settle();
};

/** Runs a step on the core; a trap ends the core, not the page. */
const on = <T>(step: (core: Core) => T, otherwise: T): T => {
  if (!core) return otherwise;
  try {
    return step(core);
  } catch (error) {
    stop(error);
    return otherwise;
  }
};

const settle = (): void => {
  for (const done of waiting.splice(0)) done();
};

const nothing = (): Record<string, any> => Object.fromEntries(PURPOSES.map((purpose) => [purpose, null]));

const consentState = (): ConsentState =>
  JSON.parse(on((core) => core.consent_view(), '') || 'null') ?? {
    regime: 'opt_in',
    policy: 1,
    basis: null,
    at: null,
    gpc: host.gpc(),
    afterGpcNotice: false,
    choice: nothing(),
    allow: Object.fromEntries(PURPOSES.map((purpose) => [purpose, false])),
    prompt: false,
    showOptOutHonoured: false,
  };

/** Tells the page's listeners; one that fails is the page's affair, not a reason to leave out the others. */
const announce = (): void => {
  const state = consentState();
  for (const listener of listeners) {
    try {
      listener(state);
    } catch {}
  }
  try {
    dispatchEvent(new CustomEvent('firsthand:consent', { detail: state }));
  } catch {}
};

/** What each call of the API does once the core is there. None throws. */
const methods: Record<string, (...args: any[]) => any> = {
  track(name, props, options) {
    const wanted = text(options?.id);
    const id = on(
      (core) =>
        core.track(
          text(name),
          propsText(props),
          text(props?.transaction_id ?? props?.order_id),
          text(props?.refund_id),
          wanted,
          Number(options?.at) || 0,
        ),
      '',
    );
    return id || eventId(name, props, wanted);
  },
  page: (props) => methods.track!('page_view', props),
  identify(person) {
    const answer = on((core) => core.identify(lines(person ?? {})), '');
    refused = answer ? answer.split(',') : [];
  },
  get: consentState,
  set(choice, context) {
    const said = (purpose: string): unknown => (choice == 'all' ? true : choice == 'none' ? false : choice?.[purpose]);
    const answers = PURPOSES.map((purpose) => (said(purpose) === true ? '1' : said(purpose) === false ? '0' : '-')).join('');
    const id = on((core) => core.choose(answers, field(context?.basis ?? 'explicit'), context?.afterGpcNotice === true), '');
    if (id) told?.add(id, consentState());
  },
  on(callback) {
    if (typeof callback == 'function') listeners.add(callback);
    return () => void listeners.delete(callback);
  },
  open() {},
  reset: () => on((core) => core.reset(), undefined),
  flush: (done?: () => void) =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (done) waiting.push(done);
      setTimeout(settle, FLUSH_DEADLINE_MS);
      if (core) on((core) => core.flush(), undefined);
      else settle();
    }),
  debug(enable) {
    if (enable !== undefined) on((core) => core.set_debug(!!enable), undefined);
    const facts = JSON.parse(on((core) => core.status(), '') || '{}');
    const status: Status = {
      version: '',
      queued: 0,
      held: 0,
      sent: 0,
      duplicates: 0,
      rejected: [],
      dropped: {},
      lastSends: [],
      storage: 'memory',
      state: 'starting',
      ...facts,
      bot: host.context().split('\n')[3]!.split(',').filter(Boolean),
      refused,
    };
    if (inertReason) Object.assign(status, { state: 'inert', reason: inertReason });
    if (enable) host.log(JSON.stringify(status));
    return status;
  },
};

/** Runs a call of the page: never throws, whatever the page handed over. */
const run = (method: string, ...args: any[]): any => {
  try {
    return methods[method]!(...args);
  } catch {
    return undefined;
  }
};

/** Page views: the first, those inside the page, those from the back/forward cache. */
const watchPages = (isAutomatic: boolean): void => {
  let referrer = document.referrer;
  const view = (): void => {
    if (isAutomatic) run('page');
  };
  const moved = (): void => {
    const isOther = on((core) => core.navigate(location.href, referrer), false);
    referrer = '';
    // Routers set the title after the address.
    if (isOther) setTimeout(view);
  };
  if (on((core) => core.navigate(location.href, referrer), false)) view();
  referrer = '';

  const navigation = (globalThis as any).navigation;
  if (navigation?.addEventListener) {
    navigation.addEventListener('currententrychange', moved);
  } else {
    for (const name of ['pushState', 'replaceState'] as const) {
      const original = history[name];
      history[name] = function (this: History, ...args: Parameters<History['pushState']>) {
        const answer = original.apply(this, args);
        moved();
        return answer;
      };
    }
    addEventListener('popstate', moved);
    addEventListener('hashchange', moved);
  }
  addEventListener('pageshow', (event) => {
    if (!event.persisted) return;
    on((core) => core.returned(), undefined);
    view();
  });
};

const watchBrowser = (): void => {
  const hid = (core: Core): void => (told?.leave(), core.hidden());
  const woke = (core: Core): void => (told?.tell(), core.woke());
  document.addEventListener('visibilitychange', () => on(document.visibilityState == 'hidden' ? hid : woke, undefined));
  addEventListener('pagehide', () => on((core) => (told?.leave(), core.left()), undefined));
  addEventListener('online', () => on(woke, undefined));
  addEventListener('storage', (event) => {
    if (event.key === null || event.key.startsWith('fh.')) on((core) => core.storage_changed(event.key ?? ''), undefined);
  });
};

/** Settles when the page is shown: a prerendered one may never be. */
const shown = (): Promise<void> =>
  new Promise((resolve) => {
    if ((document as any).prerendering) document.addEventListener('prerenderingchange', () => resolve(), { once: true });
    else resolve();
  });

/**
 * Starts: loads the core, hands it the options, then the calls that waited, in their order. `extra` adds or replaces methods.
 *
 * The stub's own functions keep working for a page that holds on to them: its queue runs what is pushed.
 */
export const startClient = async (
  stub: Stub,
  options: Options,
  load: () => Promise<Core>,
  extra: Record<string, (...args: any[]) => any> = {},
): Promise<void> => {
  try {
    Object.assign(methods, extra);
    await shown();
    const loaded = await load();
    const guarded = (name: 'tick' | 'locked' | 'sent') =>
      (...args: any[]) => on((core) => (core as any)[name](...args), undefined);
    host.bind({ tick: guarded('tick'), locked: guarded('locked'), sent: guarded('sent') });
    host.listen(announce, settle);
    core = loaded;
    on((core) => core.start(lines(options)), undefined);
    told = withdrawals(options);
    told.tell();
    watchPages(!/^(false|0|off|no)$/.test(String(options.autoPageViews)));
    watchBrowser();
  } catch (error) {
    stop(error);
  }
  const calls = stub.q.splice(0);
  stub.q.push = (...more: Call[]) => {
    for (const call of more) run(...call);
    return 0;
  };
  const method = (name: string) => (...args: any[]) => run(name, ...args);
  for (const name of ['track', 'page', 'identify', 'reset', 'debug']) stub[name] = method(name);
  stub.flush = () => run('flush');
  for (const name of ['get', 'set', 'on', 'open']) stub.consent[name] = method(name);
  for (const call of calls) run(...call);
};
