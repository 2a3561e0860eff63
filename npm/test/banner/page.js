// A consent state in memory, with the rules the banner depends on, and the script tag's side of the contract.
// The page's address chooses the scenario: ?regime=opt_out&gpc=1&lang=ar&…
const query = new URLSearchParams(location.search);
const PURPOSES = ['analytics', 'personalization', 'marketing', 'third_party_sharing'];
const each = (value) => Object.fromEntries(PURPOSES.map((purpose) => [purpose, value(purpose)]));

window.calls = [];
window.errors = [];
window.violations = [];
addEventListener('error', (event) => window.errors.push(event.message));
addEventListener('unhandledrejection', (event) => window.errors.push(String(event.reason)));
document.addEventListener('securitypolicyviolation', (event) => window.violations.push(event.violatedDirective));

const regime = query.get('regime') ?? 'opt_in';
const gpc = query.has('gpc');
const listeners = new Set();
let choice = each(() => null);
let afterNotice = false;
let at = null;

function get() {
  const allow = each((purpose) => {
    if (choice[purpose] === false) return false;
    const granted = choice[purpose] === true;
    if (gpc && purpose === 'third_party_sharing') return granted && afterNotice;
    return granted || regime !== 'opt_in';
  });
  return {
    regime, policy: 1, basis: null, at, gpc, choice: { ...choice }, allow,
    prompt: regime === 'opt_in' && PURPOSES.some((purpose) => choice[purpose] === null),
    showOptOutHonoured: gpc && regime !== 'opt_in' && !allow.third_party_sharing,
  };
}

const consent = {
  get,
  set(answer, context) {
    const shadow = document.querySelector('firsthand-consent')?.shadowRoot;
    window.calls.push({ answer, context, stillShown: Boolean(shadow?.querySelector('section, dialog[open]')), inClick: window.inClick === true });
    if (query.get('broken') === 'now') throw new Error('storage is broken');
    if (query.get('broken') === 'later') return Promise.reject(new Error('storage is broken'));
    afterNotice = context?.afterGpcNotice === true;
    choice = answer === 'all' ? each(() => true) : answer === 'none' ? each(() => false) : { ...choice, ...answer };
    at = Date.now() + window.calls.length;
    tell();
  },
  on(listener) {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
window.listenerCount = () => listeners.size;
window.forget = () => {
  choice = each(() => null);
  tell();
};
/** As the SDK does: listeners, then the event. */
function tell() {
  for (const listener of listeners) listener(get());
  dispatchEvent(new CustomEvent('firsthand:consent', { detail: get() }));
}
/** The banner, where there is one, has drawn itself. */
window.isReady = () => !window.handle || Boolean(document.querySelector('firsthand-consent'));

// True while the browser dispatches a click: an answer must reach the SDK only afterwards.
addEventListener('click', () => { window.inClick = true; }, true);
addEventListener('click', () => { window.inClick = false; });

const options = {
  privacyUrl: '/privacy',
  imprintUrl: '/imprint',
  recipients: { analytics: ['A shop'], third_party_sharing: ['Meta', { name: 'TikTok', url: 'https://www.tiktok.com/legal' }] },
  lang: query.get('banner') ?? undefined,
  theme: query.get('theme') ?? undefined,
  position: query.get('position') ?? undefined,
  nonce: query.get('nonce') ?? undefined,
  dir: query.get('dir') ?? undefined,
  texts: query.has('partial') ? { title: 'Cookies?', purposes: { marketing: { name: 'Adverts' } } } : query.has('own') ? (lang, found) => ({ title: `${lang}: ${found.title}` }) : undefined,
  onError: (error) => window.kept.push(String(error.message)),
};
window.kept = [];
window.firsthandConfig = { bannerOptions: { theme: options.theme }, blockerOptions: { lang: options.lang, texts: options.texts } };
/** An SDK that has not decided yet: `window.decide()` lets it. */
let isDecided = false;
const unstarted = { ...consent, get: () => (isDecided ? get() : undefined) };
window.decide = () => {
  isDecided = true;
  tell();
};
window.firsthand = {
  consent,
  __banner(mount) {
    window.mount = () => mount(query.has('unstarted') ? unstarted : consent, options);
    window.handle = window.mount();
  },
};
// A page whose SDK does not come, until `window.arrive()`.
if (query.has('absent')) {
  const sdk = window.firsthand;
  delete window.firsthand;
  window.arrive = () => {
    window.firsthand = sdk;
    tell();
  };
}
