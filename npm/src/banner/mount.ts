/** Mounts the banner once per page and keeps every error from the page. */

import { Banner } from './banner.js';
import type { BannerHandle, BannerOptions, ConsentApi } from './types.js';

/** Where the page's banner is kept, shared by copies of this module. */
const MOUNTED = Symbol.for('firsthand.banner');

type Host = typeof globalThis & { [MOUNTED]?: BannerHandle };

/**
 * Shows the consent banner for `api` and returns its controls.
 *
 * A second call returns the banner that is already there. Without a document (server-side rendering) it does nothing; before the body exists it
 * waits for it.
 */
export function mountBanner(api: ConsentApi, options: BannerOptions = {}): BannerHandle {
  const page = globalThis as Host;
  const there = page[MOUNTED];
  if (there) return there;

  const guard = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      report(options, error);
    }
  };
  let banner: Banner | null = null;
  let wanted = true;
  const start = (): void =>
    guard(() => {
      if (!wanted || banner) return;
      const made = new Banner(api, options, guard);
      banner = made;
      made.start();
    });
  const handle: BannerHandle = {
    open: () => guard(() => banner?.open()),
    openPreferences: () => guard(() => banner?.openPreferences()),
    close: () => guard(() => banner?.close()),
    destroy: () =>
      guard(() => {
        wanted = false;
        if (page[MOUNTED] === handle) delete page[MOUNTED];
        banner?.destroy();
        banner = null;
      }),
  };
  if (typeof document === 'undefined') return handle;
  page[MOUNTED] = handle;
  if (document.body) start();
  else document.addEventListener('DOMContentLoaded', start, { once: true });
  return handle;
}

function report(options: BannerOptions, error: unknown): void {
  try {
    options.onError?.(error);
  } catch {
    // The page's own error handler failed: there is nobody left to tell.
  }
}
