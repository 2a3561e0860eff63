/** What Firsthand says about consent, and when it changes. Until it has said anything the answer is no. */

const POLL_MS = 100;
const PATIENCE_MS = 10_000;

/** Returns the consent state, or `null` while the SDK has not loaded. */
export function consentState() {
  try {
    const state = window.firsthand?.consent?.get();
    return state && typeof state === 'object' && state.allow ? state : null;
  } catch {
    return null;
  }
}

/** Returns whether conversions may go to advertising platforms. */
export const advertisingAllowed = (state = consentState()) => Boolean(state?.allow.marketing && state.allow.third_party_sharing);

/** Calls back once the state is known and on each change after it. Gives up silently when the SDK never loads. */
export function onConsent(callback) {
  try {
    window.firsthand?.consent?.on?.(() => callback(consentState()));
  } catch {
    return;
  }
  const deadline = performance.now() + PATIENCE_MS;
  const poll = () => {
    const state = consentState();
    if (state) callback(state);
    else if (performance.now() < deadline) setTimeout(poll, POLL_MS);
  };
  poll();
}
