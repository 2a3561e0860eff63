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

export function lower(text) {
  return text.toLowerCase();
}

export function log(text) {
  attempt(() => console.log('[firsthand]', text));
}

// Storage.

export function ls_ok() {
  return attempt(() => page.localStorage.length >= 0, false);
}

export function ls_get(key) {
  return attempt(() => page.localStorage.getItem(key)) ?? undefined;
}

export function ls_set(key, value) {
  return attempt(() => (page.localStorage.setItem(key, value), true), false);
}

export function ls_del(key) {
  attempt(() => page.localStorage.removeItem(key));
}

export function ls_keys(prefix) {
  return attempt(
    () =>
      Object.keys(page.localStorage)
        .filter((key) => key.startsWith(prefix))
        .sort()
        .join('\n'),
    '',
  );
}

// Facts about the page and the browser.

export function cookies() {
  return attempt(() => document.cookie, '');
}

export function title() {
  return attempt(() => document.title.slice(0, 300), '');
}

export function hostname() {
  return attempt(() => location.hostname, '');
}

export function gpc() {
  const signal = attempt(() => navigator.globalPrivacyControl);
  return signal === true || signal === '1';
}

/** Language, time zone, screen, reasons to think of a bot: one line each. */
export function context() {
  const bot = [];
  if (attempt(() => navigator.webdriver)) bot.push('webdriver');
  if (attempt(() => /HeadlessChrome/.test(navigator.userAgent))) bot.push('headless_chrome');
  if (attempt(() => navigator.languages.length === 0)) bot.push('no_languages');
  return [
    attempt(() => navigator.language) || '',
    attempt(() => Intl.DateTimeFormat().resolvedOptions().timeZone) || '',
    attempt(() => screen.width + 'x' + screen.height) || '',
    bot.join(),
  ].join('\n');
}

// Time.

let timeout;

/** Replaces the one timer; a negative time only stops it. */
export function timer(ms) {
  clearTimeout(timeout);
  if (ms >= 0) timeout = setTimeout(() => core.tick(), ms);
}

// Sending.

let inFlight = 0;
const KEEPALIVE_BYTES = 60 * 1024;
const DEADLINE_MS = 10_000;

/** Seconds to wait by a Retry-After header (a number or a date), else -1. */
function retryAfter(response) {
  const text = response.headers.get('retry-after');
  if (!text) return -1;
  const seconds = Number(text);
  return seconds >= 0 ? seconds : Math.max(0, (Date.parse(text) - Date.now()) / 1000) || -1;
}

async function post(url, body, signal) {
  const bytes = new TextEncoder().encode(body).length;
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
    const isAnswer = typeof answer?.accepted === 'number';
    const rejected = isAnswer && Array.isArray(answer.rejected) ? answer.rejected : [];
    return [
      // An acknowledgement that is not the collector's (a captive portal's) acknowledges nothing.
      response.status === 202 && !isAnswer ? 0 : response.status,
      retryAfter(response),
      Number(answer?.duplicates) || 0,
      rejected.map((event) => String(event?.code) + ' ' + String(event?.id)).join('\n'),
    ];
  } finally {
    if (keepalive) inFlight -= bytes;
  }
}

/** Posts a batch; `core.sent` hears of the outcome, status 0 when there was no answer. */
export function send(url, body) {
  const abort = new AbortController();
  const deadline = setTimeout(() => abort.abort(), DEADLINE_MS);
  post(url, body, abort.signal)
    .catch(() => [0, -1, 0, ''])
    .then((outcome) => {
      clearTimeout(deadline);
      core.sent(...outcome);
    });
}

export function beacon(url, body) {
  return attempt(() => navigator.sendBeacon(url, body), false);
}

// One sender per origin.

const LOCK = 'fh.send';
const LEASE = 'fh.l';
const LEASE_MS = 15_000;
const owner = String(Math.random()).slice(2);
let release;

function lease() {
  const [holder, until] = (ls_get(LEASE) || '').split(' ');
  const isFree = !holder || holder === owner || !(until > Date.now()) || until > Date.now() + LEASE_MS;
  if (isFree) ls_set(LEASE, owner + ' ' + (Date.now() + LEASE_MS));
  return isFree;
}

/** Asks for the right to send; `core.locked` hears the answer. */
export function lock() {
  const byLease = () => {
    release = () => ls_del(LEASE);
    const isFree = lease();
    if (!isFree) release = undefined;
    queueMicrotask(() => core.locked(isFree));
  };
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
