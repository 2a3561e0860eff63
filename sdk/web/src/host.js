// What the module asks of the browser. No function here throws: whatever fails answers with undefined, false or nothing,
// because storage, locks and cookies throw in sandboxed frames and where visitors block them.

const page = globalThis;

/** Calls back into the module: set once by the surface. */
let core = {};

export function bind(exports) {
  core = exports;
}

function attempt(step, fallback) {
  try {
    return step();
  } catch {
    return fallback;
  }
}

export function now() {
  return Date.now();
}

export function random() {
  return attempt(() => crypto.getRandomValues(new Uint32Array(1))[0], 0) || Math.floor(Math.random() * 4294967296);
}

let isLogging = false;

/** Switches logging to the console. */
export function debug(isOn) {
  isLogging = isOn;
}

export function log(text) {
  if (isLogging) attempt(() => console.log('[firsthand]', text));
}

// Storage. What the browser does not take, or is not to keep, stays in the page.

const CHOICE = 'fh.c';
const memory = new Map();
let isMemoryOnly = false;
const isKept = (key) => !isMemoryOnly || key === CHOICE;

/** What is stored under a key; empty for nothing. */
export function ls_get(key) {
  return memory.get(key) || (isKept(key) && attempt(() => page.localStorage.getItem(key))) || '';
}

/** The choice that the module has read. */
let choice;

/** Whether another choice is stored than when this was asked last: a storage event may come later than the next send. */
export function is_choice_new() {
  const known = choice;
  return known !== (choice = ls_get(CHOICE));
}

export function ls_set(key, value) {
  const write = () => (page.localStorage.setItem(key, value), true);
  // What cannot be replaced must not stay either, and its room may be enough.
  if (isKept(key) && (attempt(write) || (ls_del(key), attempt(write)))) memory.delete(key);
  else memory.set(key, value);
}

export function ls_del(key) {
  memory.delete(key);
  attempt(() => page.localStorage.removeItem(key));
}

/** Keys with a prefix, in order, one a line. What is not for this page is among them only where all are asked for, to be removed. */
export function ls_keys(prefix) {
  const isAll = !isMemoryOnly || prefix === 'fh.';
  const keys = new Set([...memory.keys(), ...((isAll && attempt(() => Object.keys(page.localStorage))) || [])]);
  return [...keys]
    .filter((key) => key.startsWith(prefix))
    .sort()
    .join('\n');
}

// What happened to events: every drop has a reason and is counted, for `debug()` and for the collector.

/** How many sends and rejections are remembered. */
const REMEMBERED = 10;
let facts;
/** Drops the collector has not heard of, by reason. */
let unreported;

const add = (counts, reason, count) => (counts[reason] = (counts[reason] || 0) + count) || delete counts[reason];

/** The module starts. */
export function begin(version, memoryOnly, isDebugging) {
  isMemoryOnly = memoryOnly;
  isLogging = isDebugging;
  memory.clear();
  choice = '';
  unreported = {};
  facts = { version, sent: 0, duplicates: 0, rejected: [], dropped: {}, lastSends: [] };
}
// A page may ask for the status of a module that never came.
begin('');

export function dropped(reason, events) {
  if (!events) return;
  add(facts.dropped, reason, events);
  add(unreported, reason, events);
  log(reason);
}

/** The status as JSON. */
export function status(queued, held, reason) {
  const isLocal = !isMemoryOnly && attempt(() => page.localStorage.length >= 0);
  return JSON.stringify({
    ...facts,
    state: reason ? 'inert' : 'ready',
    reason: reason || undefined,
    queued,
    held,
    storage: isLocal ? 'local' : 'memory',
  });
}

// Facts about the page and the browser.

export function gpc() {
  const signal = attempt(() => navigator.globalPrivacyControl);
  return signal === true || signal === '1';
}

/** Reasons to think of a bot. */
export function bot() {
  const reasons = [];
  if (attempt(() => navigator.webdriver)) reasons.push('webdriver');
  if (attempt(() => /HeadlessChrome/.test(navigator.userAgent))) reasons.push('headless_chrome');
  if (attempt(() => navigator.languages.length === 0)) reasons.push('no_languages');
  return reasons;
}

/** Leaves out what is empty. */
const filled = (value) => (value && Object.keys(value).length ? value : undefined);

/** Asking for it takes the browser a millisecond. */
let zone;

/** Where and how the events were seen (docs/wire.md). */
const context = () =>
  JSON.stringify({
    lang: attempt(() => navigator.language) || undefined,
    tz: (zone ??= attempt(() => Intl.DateTimeFormat().resolvedOptions().timeZone)) || undefined,
    screen: attempt(() => screen.width + 'x' + screen.height),
    sdk: 'web/' + facts.version,
    bot: filled(bot()),
    dropped: filled(unreported),
  });

// Ids in the platforms' own cookies: only read, never written or invented. What has not its documented form is left out.

const META = /^(fb\.\d{1,2}\.\d{1,20}\.[!--/-~]+(?:\.(?:[\w-]{2}|[\w-]{8}))?)$/;
const OPAQUE = /^([!-~]+)$/;
/** Name on the wire, name of the cookie, form of its value with the id in it. */
const PLATFORM_IDS = [
  ['fbc', '_fbc', META],
  ['fbp', '_fbp', META],
  ['ttclid', 'ttclid', OPAQUE],
  ['ttp', '_ttp', OPAQUE],
  ['ga_client', '_ga', /^(?:.*\.)?GA[^.]*\.[^.]+\.(\d{1,20}\.\d{1,20})$/],
  ['ga_session', '_ga_\\w+', /^GS(?:1\.[^.]*\.|2\.[^.]*\.(?:[^s$][^$]*\$)*s)(\d{1,20})(?![^.$])/],
];

/** One `name value` a line: of each id the first that can be read. Each look at the cookies asks another process. */
const platformIds = (cookies = document.cookie) =>
  PLATFORM_IDS.map(([id, name, form]) => {
    for (const [, value] of cookies.matchAll(new RegExp('(?:^|;)\\s*' + name + '=([^;]{1,1024})(?![^;])', 'g'))) {
      const read = attempt(() => form.exec(decodeURIComponent(value.trim())));
      if (read) return id + ' ' + read[1];
    }
    return '';
  }).join('\n');

/** Facts in the order of `Fact` in host.rs. */
const FACTS = [platformIds, () => location.hostname, context];

export function fact(which) {
  return attempt(FACTS[which]) || '';
}

// Time.

let timeout;
let dueAt;

/** Sets the one timer to a time, which for nearly every event is the one it is set to; 0 stops it. */
export function timer(at) {
  if (at === dueAt) return;
  clearTimeout(timeout);
  dueAt = at;
  if (at) timeout = setTimeout(() => (timer(0), core.tick()), at - now());
}

// Sending.

let inFlight = 0;
const KEEPALIVE_BYTES = 60 * 1024;
export const DEADLINE_MS = 10_000;

/** Seconds to wait by a Retry-After header (a number or a date), else -1. */
function retryAfter(response) {
  const text = response.headers.get('retry-after');
  if (!text) return -1;
  const seconds = Number(text);
  return seconds >= 0 ? seconds : Math.max(0, (Date.parse(text) - Date.now()) / 1000) || -1;
}

const sizeOf = (body) => new TextEncoder().encode(body).length;

/** Posts a text: status, seconds to wait, answer. */
export async function post(url, body, signal) {
  const bytes = sizeOf(body);
  const keepalive = inFlight + bytes <= KEEPALIVE_BYTES;
  if (keepalive) inFlight += bytes;
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/plain' },
      credentials: 'include',
      keepalive,
      signal,
    });
    const answer = response.status === 202 ? await response.json().catch(() => undefined) : undefined;
    return [response.status, retryAfter(response), answer];
  } finally {
    if (keepalive) inFlight -= bytes;
  }
}

/** Gives a step its time: the signal that it is handed ends what takes longer. */
export const within = (ms, step, abort = new AbortController()) => {
  const deadline = setTimeout(() => abort.abort(), ms);
  return step(abort.signal).finally(() => clearTimeout(deadline));
};

let underWay;

/** Ends the request under way: what it holds may not leave any more. */
export function abort() {
  underWay?.abort();
}

/** Posts a batch; `core.sent` hears of the outcome, status 0 when there was no answer. */
export function send(url, body, events) {
  renew?.();
  const reporting = { ...unreported };
  within(DEADLINE_MS, (signal) => post(url, body, signal), (underWay = new AbortController()))
    .catch(() => [0, -1])
    .then(([status, retryAfter, answer]) => {
      // An acknowledgement that is not the collector's (a captive portal's) acknowledges nothing.
      if (status === 202 && typeof answer?.accepted !== 'number') status = 0;
      facts.lastSends = [...facts.lastSends, { at: Date.now(), status, events, bytes: body.length }].slice(-REMEMBERED);
      if (status === 202) {
        facts.sent += events;
        facts.duplicates += Number(answer.duplicates) || 0;
        const rejected = Array.isArray(answer.rejected) ? answer.rejected : [];
        facts.rejected = [...facts.rejected, ...rejected.map((event) => event?.code + ' ' + event?.id)].slice(-REMEMBERED);
        for (const reason in reporting) add(unreported, reason, -reporting[reason]);
      }
      core.sent(status, retryAfter);
    });
}

/** Posts without an answer. Nobody tells when it is through: it counts as in flight for as long as a request may take. */
export function beacon(url, body) {
  const bytes = sizeOf(body);
  const isTaken = inFlight + bytes <= KEEPALIVE_BYTES && attempt(() => navigator.sendBeacon(url, body), false);
  if (isTaken) {
    inFlight += bytes;
    setTimeout(() => (inFlight -= bytes), DEADLINE_MS);
  }
  return isTaken;
}

// One sender per origin.

const LOCK = 'fh.send';
const LEASE = 'fh.l';
/** Longer than a request may take; renewed with each. */
const LEASE_MS = 15_000;
/** Time in which the writes of other tabs become visible: who wrote last has the lease. */
const SETTLE_MS = 50;
const owner = String(Math.random()).slice(2);
let release;
let renew;
let settling;

const holder = () => ls_get(LEASE).split(' ');

function byLease() {
  const [tab, until] = holder();
  // A time further ahead than a lease lasts is a clock that was set back.
  if (tab !== owner && until > Date.now() && until <= Date.now() + LEASE_MS) return queueMicrotask(() => core.locked(false));
  const isOurs = () => holder()[0] === owner;
  const write = () => ls_set(LEASE, owner + ' ' + (Date.now() + LEASE_MS));
  write();
  renew = () => isOurs() && write();
  release = () => {
    clearTimeout(settling);
    if (isOurs()) ls_del(LEASE);
  };
  clearTimeout(settling);
  settling = setTimeout(() => core.locked(isOurs()), SETTLE_MS);
}

/** Asks for the right to send; `core.locked` hears the answer. */
export function lock() {
  const locks = attempt(() => navigator.locks);
  if (!locks) return byLease();
  let isAnswered = false;
  attempt(() =>
    locks.request(LOCK, { ifAvailable: true }, (held) => {
      isAnswered = true;
      if (!held) return void core.locked(false);
      const holding = new Promise((resolve) => (release = resolve));
      core.locked(true);
      return holding;
    }),
  )?.catch?.(() => isAnswered || byLease()) ?? byLease();
}

export function unlock() {
  release?.();
  release = undefined;
}

// Announcements.

let onChanged = () => {};
let onIdle = () => {};

export function listen(changedListener, idleListener) {
  onChanged = changedListener;
  onIdle = idleListener;
}

/** The consent state changed; told in a task of its own, so that a listener may call the SDK. */
export function changed() {
  queueMicrotask(() => onChanged());
}

/** There is nothing to send, or nothing that can be sent now. */
export function idle() {
  queueMicrotask(() => onIdle());
}
