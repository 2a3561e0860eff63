/**
 * "What Firsthand did": what this page's SDK decided and sent, for those who ask why the platforms received nothing.
 *
 * A demo's window onto `firsthand.debug()`; a real shop leaves it out.
 */

import { advertisingAllowed, consentState, onConsent } from './consent.js';
import { h } from './dom.js';

const REFRESH_MS = 1000;
const PURPOSES = { analytics: 'Statistics', personalization: 'Personalisation', marketing: 'Marketing', third_party_sharing: 'Sharing with advertising platforms' };
const SAID = { true: 'yes', false: 'no', null: 'nothing yet' };
const sandbox = document.querySelector('meta[name="sandbox-url"]')?.content ?? '';

/** Puts the panel, closed, into `place`, and keeps it fresh while it is open. */
export function mountPanel(place) {
  if (!place) return;
  const body = h('div', { class: 'panel-body' });
  const details = h('details', {}, h('summary', {}, 'What Firsthand did'), body);
  let timer;
  const refresh = () => {
    if (details.open) body.replaceChildren(...content());
  };
  details.addEventListener('toggle', () => {
    clearInterval(timer);
    if (details.open) timer = setInterval(refresh, REFRESH_MS);
    refresh();
  });
  onConsent(refresh);
  place.append(details);
}

function status() {
  try {
    const answer = window.firsthand?.debug?.();
    return answer && typeof answer === 'object' ? answer : {};
  } catch {
    return {};
  }
}

function content() {
  const state = consentState();
  if (!state) return [h('p', {}, 'The SDK has not loaded yet. What happens meanwhile waits in this page; nothing has been stored or sent.')];
  const known = status();
  return [
    h('p', { class: 'panel-verdict' }, verdict(state)),
    h('div', { class: 'panel-grid' }, section('Consent', consentTable(state)), section('Events on this page', counters(known)), section('Last batches', sends(known))),
    sandbox ? h('p', {}, h('a', { href: sandbox }, 'See what the platforms received')) : null,
  ].filter(Boolean);
}

/** Returns the one sentence that answers why platforms receive something or nothing. */
function verdict(state) {
  if (state.prompt) return 'You have not chosen yet: events wait in this page’s memory. Nothing is stored, nothing is sent.';
  if (advertisingAllowed(state)) return 'You allow marketing and sharing with advertising platforms: orders are forwarded to them, once each.';
  const missing = ['marketing', 'third_party_sharing'].filter((purpose) => !state.allow[purpose]).map((purpose) => PURPOSES[purpose].toLowerCase());
  const why = state.gpc && state.choice.third_party_sharing !== false ? ' Your browser sends Global Privacy Control.' : '';
  return `The advertising platforms receive nothing, because ${missing.join(' and ')} ${missing.length > 1 ? 'are' : 'is'} not allowed.${why}`;
}

const section = (title, ...children) => h('section', {}, h('h3', {}, title), ...children);

function consentTable(state) {
  const row = ([purpose, name]) =>
    h('tr', {}, h('th', { scope: 'row' }, name), h('td', {}, SAID[String(state.choice[purpose])] ?? '–'), h('td', { class: state.allow[purpose] ? 'yes' : 'no' }, state.allow[purpose] ? 'allowed' : 'not allowed'));
  return h(
    'table', {},
    h('caption', {}, `Rules: ${state.regime.replace('_', '-')}, policy ${state.policy}${state.gpc ? ', Global Privacy Control on' : ''}`),
    h('thead', {}, h('tr', {}, h('th', { scope: 'col' }, 'Purpose'), h('th', { scope: 'col' }, 'You said'), h('th', { scope: 'col' }, 'Verdict'))),
    h('tbody', {}, Object.entries(PURPOSES).map(row)),
  );
}

function counters(known) {
  const from = known.counters ?? known;
  const pairs = ['sent', 'queued', 'held'].map((name) => [name, from[name] ?? 0]);
  const dropped = Object.entries(from.dropped ?? {}).filter(([, times]) => times > 0);
  return h(
    'dl', {},
    [...pairs, ...(dropped.length > 0 ? dropped.map(([reason, times]) => [`dropped: ${reason.replaceAll('_', ' ')}`, times]) : [['dropped', 0]])].flatMap(([name, times]) => [h('dt', {}, name), h('dd', {}, String(times))]),
  );
}

function sends(known) {
  const last = (known.lastSends ?? known.last_sends ?? []).slice(-5).reverse();
  if (last.length === 0) return h('p', {}, 'None from this page.');
  return h('ol', {}, last.map(({ at, status: answer, events }) => h('li', {}, `${new Date(at).toLocaleTimeString('en-IE')}: ${typeof events === 'number' ? events : (events?.length ?? 0)} events, answer ${answer}`)));
}
