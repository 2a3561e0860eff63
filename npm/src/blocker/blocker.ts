/**
 * Holds back scripts and frames of the page until the visitor allows what they are for.
 *
 * Promises: what is not allowed is not loaded; no error reaches the page. Cannot hold back what the page loads in another way. Refuses to know:
 * law, and of storage all but the names of cookies; it asks the consent API and does what that allows.
 */

import type { Evidence } from '../banner/evidence.js';
import type { ConsentApi, ConsentState, Purpose } from '../banner/types.js';
import { wording, type TextSource, type Wording } from '../banner/wording.js';
import { PLATFORM_COOKIES, clearCookies } from './cookies.js';
import { frames } from './frames.js';
import { scripts } from './scripts.js';
import type { BlockerHandle, BlockerOptions } from './types.js';

/** How long the SDK may take to start before the placeholders are shown without it, in milliseconds. */
const START_DEADLINE_MS = 5000;

/** Starts the blocker; without a document (server-side rendering) it does nothing. */
export function block(api: ConsentApi, options: BlockerOptions, source: TextSource): BlockerHandle {
  if (typeof document === 'undefined') return { destroy: () => undefined };
  const report = (error: unknown): void => {
    try {
      options.onError?.(error);
    } catch {
      // The page's own error handler failed: there is nobody left to tell.
    }
  };
  const guard = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      report(error);
    }
  };
  let isOver = false;
  /** The SDK has started, or has not in time. */
  let isDecided = false;
  let text: Wording | undefined;
  let asked: Promise<void> | undefined;

  const texts = (): Wording | undefined => {
    asked ??= wording(options, source).then((found) => {
      text = found;
      apply();
    });
    return text;
  };
  const allow = (purposes: readonly string[], evidence: Evidence): void => {
    // After the click, so that what it shows is painted first.
    setTimeout(() => guard(() => {
      const isAgainstSignal = api.get()?.gpc === true && purposes.includes('third_party_sharing');
      const choice: Partial<Record<Purpose, boolean>> = Object.fromEntries(purposes.map((purpose) => [purpose, true]));
      const kept = api.set(choice, { ...evidence, afterGpcNotice: isAgainstSignal });
      if (kept instanceof Promise) kept.catch(report);
    }), 0);
  };
  const state = (): ConsentState | undefined => api.get();
  const allScripts = scripts(state, options.nonce, report);
  const allFrames = frames(options, state, texts, allow);

  const apply = (): void => guard(() => {
    if (isOver || !isDecided) return;
    allScripts.run();
    allFrames.apply();
  });
  const decided = (now: ConsentState | undefined): void => {
    isDecided = true;
    const names = options.clearCookies === true ? PLATFORM_COOKIES : options.clearCookies;
    if (names && now) guard(() => clearCookies(now, names));
    if (options.reload && now && allScripts.areRegretted(now)) setTimeout(() => location.reload(), 0);
    apply();
  };
  const late = setTimeout(() => decided(undefined), START_DEADLINE_MS);
  const observer = new MutationObserver(apply);
  const end = api.on((now) => {
    clearTimeout(late);
    decided(now);
  });
  guard(() => {
    const now = state();
    if (!now) return;
    clearTimeout(late);
    decided(now);
  });
  observer.observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-purpose', 'data-src'] });
  return {
    destroy() {
      isOver = true;
      clearTimeout(late);
      observer.disconnect();
      guard(end);
      guard(() => allScripts.stop());
      guard(() => allFrames.stop());
    },
  };
}
