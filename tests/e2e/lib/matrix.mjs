// Every regime, choice, signal of the browser and word of a consent tool: the rows of the matrix, and what each of them allows.
//
// The answers come from the vectors: the truth table has one for each regime, choice and GPC; what a string of a consent tool means was computed
// from the strings by the tools' own libraries. Nothing of the SDK is asked.
import { readFileSync } from 'node:fs';

const VECTORS = JSON.parse(readFileSync(new URL('../../../sdk/core/tests/vectors/consent.json', import.meta.url), 'utf8'));
const byId = (list) => new Map(VECTORS[list].map((entry) => [entry.id, entry]));
const TRUTH = byId('truth_table');
const TCF = byId('tcf');
const GPP = byId('gpp');
const OUTBOUND = byId('outbound');
const DAY_MS = 86_400_000;

/** In the order of the stored choice. */
export const PURPOSES = ['marketing', 'analytics', 'personalization', 'third_party_sharing'];
export const POLICY_VERSION = TRUTH.get('tt-opt_in-gpc0-none').input.policy_version;
/** The vendor whose consent the TC strings are read for. */
export const VENDOR = TCF.get('tcf-accept-all').mapping.vendor_id;

/** What a content network says of a visitor of each regime. */
export const PLACES = {
  opt_in: { 'cf-ipcountry': 'DE' },
  opt_out: { 'cf-ipcountry': 'US', 'cf-region-code': 'CA' },
  none: { 'cf-ipcountry': 'US', 'cf-region-code': 'AL' },
};

/** Choices by their name in the truth table. */
export const CHOICES = [
  'none', 'all_granted', 'all_denied', 'partial_analytics_unset_rest', 'marketing_only', 'all_granted_old_policy', 'all_granted_expired',
  'all_denied_expired', 'all_granted_after_gpc_notice',
];

const tcf = (id) => ({ tool: 'tcf', says: [TCF.get(id).tc_string], answers: pick(TCF.get(id).mapping) });
const gpp = (id) => ({ tool: 'gpp', says: [GPP.get(id).gpp_string, GPP.get(id).section_ids], answers: pick(Object.values(GPP.get(id).mapping)[0]) });
/** Consent Mode, told what we would tell it for these purposes: it must come back as it was. */
const consentMode = (id) => ({ tool: 'consent_mode', says: [OUTBOUND.get(id).expect.google_consent_mode], answers: pick(OUTBOUND.get(id).allow) });
const pick = (mapping) => Object.fromEntries(PURPOSES.filter((purpose) => purpose in mapping).map((purpose) => [purpose, mapping[purpose]]));

/** Words of consent tools: which tool, what it says, what that means by purpose (absent: nothing). */
export const SIGNALS = {
  'no tool': undefined,
  'TCF yes': tcf('tcf-accept-all'),
  'TCF no': tcf('tcf-reject-all'),
  'TCF measurement': tcf('tcf-measurement-only'),
  'GPP opt-out': gpp('gpp-usnat-v2-optout-all'),
  'Consent Mode analytics': consentMode('out-0100'),
};

const truth = (regime, gpc, choice) => TRUTH.get(`tt-${regime}-gpc${Number(gpc)}-${choice}`);

/** Any no wins, the tool's or the visitor's; a tool's yes is as good as a choice that grants, where the visitor has not refused. */
function joint({ regime, gpc, choice, signal }) {
  const { input, expect } = truth(regime, gpc, choice);
  const granted = truth(regime, gpc, 'all_granted').expect.allow;
  return Object.fromEntries(PURPOSES.map((purpose) => {
    const theirs = signal?.answers[purpose];
    if (theirs === false) return [purpose, false];
    return [purpose, expect.allow[purpose] || (theirs === true && input.choice?.[purpose] !== false && granted[purpose])];
  }));
}

/** Whether the visitor gave the answer earlier: it is found in the browser. Else it is given in the page. */
const isOld = ({ input: { choice, max_age_days: days } }) => Boolean(choice) && (choice.policy_version !== POLICY_VERSION || choice.age_days > days);

/** The choice as an earlier page stored it (`fh.c`). */
function stored({ choice }) {
  const answers = PURPOSES.map((purpose) => ({ true: '1', false: '0' })[choice[purpose]] ?? '-').join('');
  return `1 ${choice.policy_version} ${Date.now() - choice.age_days * DAY_MS} ${answers} ${Number(choice.after_gpc_notice)} 0 explicit`;
}

/** Whether events wait for an answer: silence is a no, nothing is reported, and nobody has refused what would change that. */
function isWaiting({ regime, signal }, allow, said) {
  const isOpen = (purpose) => !allow[purpose] && said?.[purpose] !== false && signal?.answers[purpose] !== false;
  return regime === 'opt_in' && !allow.analytics && !allow.marketing && (isOpen('analytics') || isOpen('marketing'));
}

/** No purpose at all. */
export const NOTHING = Object.fromEntries(PURPOSES.map((purpose) => [purpose, false]));

/**
 * What follows from allowed purposes: whether events leave and something is kept, whether what matches a person goes with them (a digest, the click
 * that led here), who gets them.
 */
export function consequences(allow) {
  const isReported = allow.analytics || allow.marketing;
  const isMatched = allow.marketing && allow.third_party_sharing;
  return {
    allow,
    isReported,
    isMatched,
    hasClick: isMatched,
    fate: { meta: isMatched, tiktok: isMatched, ga4: allow.analytics },
  };
}

/** Returns one row. `before`: what holds until the visitor and the tool have answered; `after`: what holds then. */
function row(regime, gpc, choice, name) {
  const signal = SIGNALS[name];
  const entry = truth(regime, gpc, choice);
  const wasStored = isOld(entry);
  const before = signal ? NOTHING : truth(regime, gpc, wasStored ? choice : 'none').expect.allow;
  const { choice: said } = entry.input;
  const after = joint({ regime, gpc, choice, signal });
  const [first, last] = [before, after].map(consequences);
  return {
    title: `${regime}, ${choice}${gpc ? ', GPC' : ''}, ${name}`,
    regime,
    gpc,
    signal,
    stored: wasStored ? stored(entry.input) : undefined,
    said: said && !wasStored ? [Object.fromEntries(PURPOSES.map((purpose) => [purpose, said[purpose]])), { afterGpcNotice: said.after_gpc_notice }] : undefined,
    before: { ...first, isWaiting: Boolean(signal) || isWaiting({ regime }, before, wasStored ? said : undefined) },
    // What the signal took from the page before the visitor allowed it does not come back.
    after: { ...last, hasClick: last.isMatched && (first.isMatched || !first.isReported), isWaiting: isWaiting({ regime, signal }, after, said) },
    /** What the page has to show, where the truth table says it: it knows no tools. */
    shows: signal ? undefined : { prompt: entry.expect.prompt, showOptOutHonoured: entry.expect.show_opt_out_honoured },
  };
}

/** Returns the rows for these choices and words of tools, all regimes and both states of the browser's signal. */
export const rows = (choices = CHOICES, names = Object.keys(SIGNALS)) =>
  Object.keys(PLACES).flatMap((regime) =>
    [false, true].flatMap((gpc) => choices.flatMap((choice) => names.map((name) => row(regime, gpc, choice, name)))));
