/**
 * The blocker as a script of its own, which a page that needs it adds: `<script async src="…/sdk/blocker.js">`.
 *
 * May come before or after `fh.js`: it listens to the event that the SDK sends when it has started. Settings: `data-` attributes of its tag, and
 * `blockerOptions` beside `bannerOptions` in `window.firsthandConfig`, whose words and colours it takes over.
 */

import { besideScript } from '../banner/script-texts.js';
import type { ConsentApi, ConsentState } from '../banner/types.js';
import { block } from './blocker.js';
import type { BlockerOptions } from './types.js';

interface Page {
  firsthand?: { consent?: ConsentApi };
  firsthandConfig?: { banner?: string; bannerOptions?: object; blockerOptions?: object };
}

const EVENT = 'firsthand:consent';

try {
  const page = globalThis as unknown as Page;
  const script = document.currentScript as HTMLScriptElement | null;
  const { lang, theme, reload, clearCookies } = script?.dataset ?? {};
  const isOn = (value?: string): boolean | undefined => (value === undefined ? undefined : !/^(false|0|off|no)$/.test(value));
  const given: Record<string, unknown> = { lang, theme, reload: isOn(reload), clearCookies: isOn(clearCookies) };
  for (const [name, value] of Object.entries(given)) if (value === undefined) delete given[name];
  const { banner, bannerOptions, blockerOptions } = page.firsthandConfig ?? {};
  const options = { lang: banner, nonce: script?.nonce, ...bannerOptions, ...given, ...blockerOptions } as BlockerOptions;
  const api: ConsentApi = {
    get: () => page.firsthand?.consent?.get(),
    set: (choice, context) => page.firsthand?.consent?.set(choice, context),
    on(callback) {
      const hear = (event: Event): void => callback((event as CustomEvent<ConsentState>).detail);
      addEventListener(EVENT, hear);
      return () => removeEventListener(EVENT, hear);
    },
  };
  block(api, options, besideScript());
} catch {
  // A failing SDK must not break the page its script tag is in.
}
