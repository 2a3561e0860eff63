/**
 * The server-side notice: what the shop's backend tells the collector about an order.
 *
 * Its event id is `purchase:<transaction id>`, the same that the SDK in the page gives the same order, so the two meet in the collector and the
 * platforms hear of one purchase, with the backend's amounts and the browser's click ids. The page's copy may be blocked or lost; this one is not.
 *
 * Consent. The notice carries the visitor's choice as the page had it, not a verdict, and it is sent whatever the choice was: the collector
 * decides. Where the choice forbids, the collector refuses the event or suppresses its forwarding, and counts that with the reason. Deciding here
 * as well would be a second copy of the rules. A page that could not tell (its SDK was blocked) sends none; no consent is a no.
 *
 * Personal data. Over the secret key clear values are allowed; they become digests at the collector's door and are not kept.
 */

const PURPOSES = ['marketing', 'analytics', 'personalization', 'third_party_sharing'];
const REGIMES = ['opt_in', 'opt_out', 'none'];
const BASES = /^[a-z_]{1,32}$/;
const ANONYMOUS_ID = /^[\w-]{1,64}$/;

/** Returns the wire body of the notice about an order; `sent_at` is added when it is sent. */
export function purchaseNotice({ order, receipt, consent, anonymousId, ip, userAgent, gpcHeader, pageUrl, at }) {
  const { total: _total, ...props } = receipt;
  const { customer } = order;
  return {
    v: 1,
    context: { ip, ua: userAgent },
    ...withConsent(consent, gpcHeader),
    user: {
      ...(typeof anonymousId === 'string' && ANONYMOUS_ID.test(anonymousId) ? { anonymous_id: anonymousId } : {}),
      email: customer.email,
      ...(customer.phone ? { phone: customer.phone, phone_country: customer.phone_country } : {}),
      first_name: customer.first_name,
      last_name: customer.last_name,
      city: customer.city,
      zip: customer.zip,
      country_code: customer.country,
    },
    events: [{ id: `purchase:${order.transaction_id}`, name: 'purchase', at, page: { url: pageUrl }, props }],
  };
}

/**
 * Maps `firsthand.consent.get()`, which came through a browser and is checked as such, to the wire's consent. The header `Sec-GPC` of the order's
 * own request counts like the page's signal.
 */
function withConsent(state, gpcHeader) {
  if (!state || typeof state !== 'object' || !REGIMES.includes(state.regime)) return {};
  const choice = Object.fromEntries(PURPOSES.map((purpose) => [purpose, typeof state.choice?.[purpose] === 'boolean' ? state.choice[purpose] : null]));
  return {
    consent: {
      regime: state.regime,
      policy: Number.isInteger(state.policy) && state.policy >= 0 ? state.policy : 0,
      gpc: state.gpc === true || gpcHeader,
      ...(Number.isInteger(state.at) ? { at: state.at } : {}),
      ...(typeof state.basis === 'string' && BASES.test(state.basis) ? { basis: state.basis } : {}),
      after_gpc_notice: (state.afterGpcNotice ?? state.after_gpc_notice) === true,
      ...choice,
    },
  };
}
