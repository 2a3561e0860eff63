/**
 * The surface between the page and the core: turns objects into texts, listens to the page, and keeps every error away from it.
 *
 * A trap in the core (a panic) makes the SDK inert: it does nothing more and says so in `debug()`.
 */
import * as host from 'firsthand-host';
import { choices, type Choices } from './choices.js';
import { askRegion } from './region.js';
import { field, isOn, optionLines } from './options.js';
import { hashing, type Digest, type Hashing } from './person.js';
import { Step } from './steps.js';
import { eventId, type Call, type Stub } from './stub.js';
import type { Run } from './signals/link.js';
import type { Basis, ConsentState, Options, Purpose, Status } from './types.js';

/** The module's one function (`sdk/web/src/lib.rs`). */
export type Core = (step: Step, text: string, number: number) => string;

const PURPOSES = ['marketing', 'analytics', 'personalization', 'third_party_sharing'] as const;
/** A flush settles at the latest then, whatever the network does. */
const FLUSH_DEADLINE_MS = 15_000;
/** The regime decides without the consent signals when their module has not come by then, or by `signalsTimeoutMs` where that is longer. */
const SIGNALS_DEADLINE_MS = 2_000;

/** Personal values as `name<tab>value` lines. */
const personLines = (values: object): string =>
  Object.entries(values)
    .filter(([name, value]) => name != 'userId' && value != null && !/function|object/.test(typeof value))
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
let chosen: Choices | undefined;
let person: Hashing | undefined;
let refused: string[] = [];
const listeners = new Set<(state: ConsentState) => void>();
let waiting: (() => void)[] = [];

const stop = (reason: unknown): void => {
  inertReason ??= String(reason).slice(0, 200);
  core = undefined;
  host.timer(0);
  host.unlock();
  settle();
};

/** Takes a step on the core; a trap ends the core, not the page. */
const on = (step: Step, text = '', number = 0): string => {
  try {
    return core?.(step, text, number) ?? '';
  } catch (error) {
    stop(error);
    return '';
  }
};

const settle = (): void => {
  for (const done of waiting.splice(0)) done();
};

const perPurpose = <T>(value: (purpose: string, index: number) => T): Record<Purpose, T> =>
  Object.fromEntries(PURPOSES.map((purpose, index) => [purpose, value(purpose, index)])) as Record<Purpose, T>;

/** The state as the module tells it: evidence of the wire, policy version, flags, what decided. */
const told = (): any[] => {
  const [evidence, ...rest] = on(Step.Consent).split('\n');
  return [JSON.parse(evidence || '{}'), ...rest];
};

const consentState = (): ConsentState => {
  const [said, policy, flags = ''] = told();
  const names: Record<string, Basis> = { e: 'explicit', g: 'gpc', a: 'age', f: said.framework?.basis };
  return {
    regime: said.regime ?? 'opt_in',
    policy: Number(policy) || 1,
    basis: said.basis ?? null,
    at: said.at ?? null,
    gpc: said.gpc ?? host.gpc(),
    afterGpcNotice: said.after_gpc_notice ?? false,
    choice: perPurpose((purpose) => said[purpose] ?? null),
    allow: perPurpose((_, index) => flags[index] == '1'),
    bases: perPurpose((_, index) => names[flags[7 + index]] ?? 'regime'),
    prompt: flags[4] == '1',
    showOptOutHonoured: flags[5] == '1',
    pending: flags[6] == '1',
  };
};

/** Tells the page's listeners; one that fails is the page's affair, not a reason to leave out the others. */
const announce = (): void => {
  const state = methods.get!();
  if (!state.prompt && !state.pending && !(state.allow.marketing && state.allow.third_party_sharing)) person?.forget();
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
    const order = { transaction_id: text(props?.transaction_id ?? props?.order_id), refund_id: text(props?.refund_id) };
    const id = eventId(name, order, text(options?.id));
    // A title has no line breaks: the browser makes spaces of them. An element of this name would stand in its place.
    const lines = [field(text(name)).trim(), id, propsText(props), text(document.title).slice(0, 300)];
    on(Step.Track, lines.join('\n'), Number(options?.at) || 0);
    return id;
  },
  page: (props) => methods.track!('page_view', props),
  identify(values) {
    refused = [];
    const answer = on(Step.Identify, field(values?.userId));
    if (answer.includes('n')) person?.forget();
    const lines = personLines(values ?? {});
    if (lines && answer.includes('d')) person?.add(lines);
  },
  get: consentState,
  set(choice, context) {
    const said = (purpose: string): unknown => (choice == 'all' ? true : choice == 'none' ? false : choice?.[purpose]);
    const answers = PURPOSES.map((purpose) => (said(purpose) === true ? '1' : said(purpose) === false ? '0' : '-')).join('');
    const id = on(Step.Choose, answers + '\n' + field(context?.basis ?? 'explicit'), +(context?.afterGpcNotice === true));
    const [evidence] = told();
    if (evidence.at) chosen?.add(id, evidence, context?.evidence);
  },
  on(callback) {
    if (typeof callback == 'function') listeners.add(callback);
    return () => void listeners.delete(callback);
  },
  open() {},
  reset() {
    person?.forget();
    on(Step.Reset);
  },
  flush: (done?: () => void) =>
    new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (done) waiting.push(done);
      setTimeout(settle, FLUSH_DEADLINE_MS);
      if (core) on(Step.Flush);
      else settle();
    }),
  debug(enable) {
    if (enable !== undefined) host.debug(!!enable);
    const facts = JSON.parse(on(Step.Status) || host.status(0, 0, inertReason));
    const status: Status = { ...facts, consent: core && methods.get!(), bot: host.bot(), refused };
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

/** Page views: the first, those inside the page, those from the back/forward cache. `isHashed`: a route after `#/` or `#!/` is part of the path. */
const watchPages = (isAutomatic: boolean, isHashed: boolean): void => {
  const address = (): string =>
    isHashed
      ? location.href.replace(/\/?(\?[^#]*)?#!?(\/[^?]*)\??/, (_, query = '?', route) => route + query + '&')
      : location.href;
  let referrer = document.referrer;
  const view = (): void => {
    if (isAutomatic) run('page');
  };
  const moved = (): void => {
    const isOther = on(Step.Navigate, address() + '\n' + referrer);
    referrer = '';
    // Routers set the title after the address.
    if (isOther) setTimeout(view);
  };
  if (on(Step.Navigate, address() + '\n' + referrer)) view();
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
    on(Step.Returned);
    view();
  });
};

const watchBrowser = (): void => {
  const leave = (step: Step): void => {
    chosen?.leave();
    on(step);
  };
  const woke = (): void => {
    chosen?.tell();
    on(Step.Woke);
  };
  document.addEventListener('visibilitychange', () => (document.visibilityState == 'hidden' ? leave(Step.Hidden) : woke()));
  addEventListener('pagehide', () => leave(Step.Left));
  addEventListener('online', woke);
  addEventListener('storage', (event) => {
    if (event.key === null || event.key.startsWith('fh.')) on(Step.Storage, event.key ?? '');
  });
};

/** Settles when the page is shown: a prerendered one may never be. */
const shown = (): Promise<void> =>
  new Promise((resolve) => {
    if ((document as any).prerendering) document.addEventListener('prerenderingchange', () => resolve(), { once: true });
    else resolve();
  });

/**
 * Starts: loads the core, hands it the options, then the calls that waited, in their order. `loadPerson` is called when a personal value comes,
 * `loadSignals` where an option asks for them; `extra` adds or replaces methods.
 *
 * The stub's own functions keep working for a page that holds on to them: its queue runs what is pushed.
 */
export const startClient = async (
  stub: Stub,
  options: Options,
  load: () => Promise<Core>,
  loadPerson: () => Promise<Digest>,
  loadSignals: () => Promise<Run>,
  extra: Record<string, (...args: any[]) => any> = {},
): Promise<void> => {
  try {
    Object.assign(methods, extra);
    await shown();
    const region = askRegion(options);
    const loaded = await load();
    const known = { ...options, ...(await region) };
    host.bind({
      tick: () => on(Step.Tick),
      locked: (isOurs: boolean) => on(Step.Locked, '', +isOurs),
      sent: (status: number, retryAfter: number) => on(Step.Sent, String(status), retryAfter),
    });
    host.listen(announce, settle);
    core = loaded;
    on(Step.Start, optionLines(known));
    host.dropped('stub_full', stub.q.d ?? 0);
    person = hashing(
      loadPerson,
      field(options.defaultCountry),
      (digests, names) => {
        refused = names;
        on(Step.Digests, digests);
      },
      (isOn) => on(Step.Pause, '', +isOn),
    );
    person.expect();
    chosen = choices(options);
    chosen.tell();
    if (options.signals || options.tell) {
      const late = setTimeout(on, Math.max(SIGNALS_DEADLINE_MS, Number(options.signalsTimeoutMs) || 0), Step.Signal);
      loadSignals().then((run) => run(on, methods, options, chosen!, late)).catch(() => {});
    }
    watchPages(isOn(options.autoPageViews), isOn(options.hashRouting ?? 'off'));
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
  announce();
};
