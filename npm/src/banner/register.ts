/** Announces the banner to the SDK that loaded its script. */

import { mountBanner } from './mount.js';
import type { BannerHandle, BannerOptions, BannerTexts, ConsentApi } from './types.js';

/** Mounts a banner; what the SDK gets. */
export type MountBanner = (api: ConsentApi, options?: BannerOptions) => BannerHandle;

interface Page {
  firsthand?: { __banner?: (mount: MountBanner) => void };
}

/** Hands `mountBanner` to `window.firsthand.__banner`; with `texts`, in their language unless the shop set its own. */
export function registerBanner(texts?: BannerTexts): void {
  try {
    const mount: MountBanner = texts ? (api, options) => mountBanner(api, { ...options, texts: options?.texts ?? texts }) : mountBanner;
    (globalThis as Page).firsthand?.__banner?.(mount);
  } catch {
    // A failing SDK must not break the page its script tag is in.
  }
}
