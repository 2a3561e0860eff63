/**
 * Stands in for the advertising pixels a shop already has: what Meta's and TikTok's own scripts would send from the page.
 *
 * The point: it passes on the event id that `firsthand.track` returned. The platform then sees the browser's event and the collector's under one
 * id and counts them once; the name must be the same too, because it is part of both platforms' de-duplication. It sends no personal data, and nothing at all without consent to marketing and to sharing with third parties; what
 * happens before the choice waits in memory, is sent on yes and forgotten on no, as the platforms' own consent calls do it.
 */

import { advertisingAllowed, onConsent } from './consent.js';

const MAX_WAITING = 50;
const setting = (name) => document.querySelector(`meta[name="${name}"]`)?.content ?? '';
const sandbox = setting('sandbox-url');
const pixelId = setting('pixel-id');
let waiting = [];

/** Sends an event to both stand-ins, under the id Firsthand gave it. */
export function firePixel(name, eventId, { value, currency }) {
  if (!sandbox || !eventId || waiting.length >= MAX_WAITING) return;
  waiting.push({ name, eventId, value, currency, url: location.origin + location.pathname });
  if (advertisingAllowed()) flush();
}

if (sandbox) {
  onConsent((state) => {
    if (advertisingAllowed(state)) flush();
    else if (state && !state.prompt) waiting = [];
  });
}

function flush() {
  for (const event of waiting.splice(0)) {
    toMeta(event);
    toTiktok(event);
  }
}

function toMeta({ name, eventId, value, currency, url }) {
  const query = new URLSearchParams({ id: pixelId, ev: name, eid: eventId, dl: url, 'cd[value]': value, 'cd[currency]': currency });
  new Image().src = `${sandbox}/meta/tr?${query}`;
}

function toTiktok({ name, eventId, value, currency, url }) {
  const body = JSON.stringify({ event: name, event_id: eventId, pixel_code: pixelId, url, properties: { value, currency } });
  // A string body is text/plain: no preflight, and the page may be left meanwhile.
  fetch(`${sandbox}/tiktok/pixel`, { method: 'POST', mode: 'no-cors', keepalive: true, credentials: 'omit', body }).catch(() => {});
}
