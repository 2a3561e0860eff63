/**
 * Google Consent Mode version 2, as far as it passes the data layer.
 *
 * An `update` is an answer. A `default` is none: what it grants is not heard, what it denies counts where silence would be a yes. Each key
 * lets us do no more than we would tell Google in turn: `ad_personalization` can refuse personalization, not grant it.
 *
 * Source: Google, "Set up consent mode on websites".
 */
import { watchLayer } from '../layer.js';
import type { Source } from '../link.js';

type States = Record<string, unknown>;

/** A waiting tag waits no longer than this, whatever the page says. */
const MOST_WAIT_MS = 10_000;

const answersOf = (states: States, yes: string, no: string): string => {
  const of = (key: string): string => (states[key] == 'granted' ? yes : states[key] == 'denied' ? no : '-');
  const personal = states.ad_personalization == 'denied' ? no : of('personalization_storage');
  return of('ad_storage') + of('analytics_storage') + personal + of('ad_user_data');
};

/** The stricter of two defaults, of which nobody knows which one counts. */
const stricter = (a: States, b: States): States => {
  const joint = { ...a, ...b };
  for (const key of Object.keys(joint)) if (a[key] == 'denied' || b[key] == 'denied') joint[key] = 'denied';
  return joint;
};

/** Whether a default that names regions is meant for the visitor: not known without the visitor's own. */
const isMeant = (regions: unknown, own: string | undefined): boolean =>
  !Array.isArray(regions) || !own || regions.some((region) => typeof region == 'string' && (own + '-').toUpperCase().startsWith(region.toUpperCase() + '-'));

export const consentMode: Source = (report, { options, isTold }) => {
  /** By how exactly they name the visitor: everywhere, the country, the part of it. */
  const defaults: States[] = [];
  let updates: States | undefined;
  const say = (): void => {
    // Later entries are more exact, and win where the region is known.
    const merge = options.region ? (a: States, b: States): States => ({ ...a, ...b }) : stricter;
    const start = defaults.reduce(merge, {});
    if (!updates) return report({ answers: answersOf(start, '-', 'd') });
    // A key that no update names keeps its default.
    const answers = answersOf(updates, '1', '0');
    const rest = answersOf({ ...start, ...updates }, '-', 'd');
    report({ answers: [...answers].map((answer, index) => (answer == '-' ? rest[index] : answer)).join(''), evidence: { cmp: 'consent mode' } });
  };
  watchLayer(options.dataLayer ?? 'dataLayer', (entry) => {
    if (Object.prototype.toString.call(entry) != '[object Arguments]' || entry[0] != 'consent' || typeof entry[2] != 'object' || !entry[2]) return;
    const { region, wait_for_update: wait, ...states } = entry[2];
    if (entry[1] == 'update') {
      updates = { ...updates, ...states };
      say();
    } else if (entry[1] == 'default' && !isTold('consent_mode') && isMeant(region, options.region)) {
      const place = !Array.isArray(region) ? 0 : region.some((name) => String(name).includes('-')) ? 2 : 1;
      defaults[place] = { ...defaults[place], ...states };
      const waitMs = Math.min(Number(wait) || 0, MOST_WAIT_MS);
      if (waitMs > 0 && !updates) setTimeout(() => updates || say(), waitMs);
      else say();
    }
  });
};
