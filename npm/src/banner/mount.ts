/** Mounts the banner once per page and keeps every error from the page. */

import { Banner } from './banner.js';
import type { BannerHandle, BannerOptions, ConsentApi, ConsentState } from './types.js';
import { wording, type TextSource } from './wording.js';

/** Shows the consent banner for `api` and returns its controls. */
export type MountBanner = (api: ConsentApi, options?: BannerOptions) => BannerHandle;

/** Where the page's banner is kept, shared by copies of this module. */
const MOUNTED = Symbol.for('firsthand.banner');

type Host = typeof globalThis & { [MOUNTED]?: BannerHandle };

/**
 * Returns the function that mounts a banner with texts from `source`.
 *
 * A second call of it returns the banner that is already there. Without a document (server-side rendering) it does nothing. What is asked of the
 * banner before the page's body, the texts and the consent state are there is done then.
 */
export function mounting(source: TextSource): MountBanner {
  return (api, options = {}) => {
    const page = globalThis as Host;
    const there = page[MOUNTED];
    if (there) return there;
    const handle = mount(api, options, source, () => {
      if (page[MOUNTED] === handle) delete page[MOUNTED];
    });
    if (typeof document !== 'undefined') page[MOUNTED] = handle;
    return handle;
  };
}

function mount(api: ConsentApi, options: BannerOptions, source: TextSource, onDestroy: () => void): BannerHandle {
  const guard = (step: () => void): void => {
    try {
      step();
    } catch (error) {
      report(options, error);
    }
  };
  let banner: Banner | null = null;
  let isWanted = typeof document !== 'undefined';
  const asked: ((it: Banner) => void)[] = [];
  const ask = (step: (it: Banner) => void): void => {
    if (banner) guard(() => step(banner!));
    else if (isWanted) asked.push(step);
  };

  if (isWanted) {
    void Promise.all([wording(options, source), stateKnown(api), bodyThere()]).then(
      ([text]) =>
        guard(() => {
          if (!isWanted) return;
          banner = new Banner(api, options, text, guard);
          banner.start();
          for (const step of asked.splice(0)) ask(step);
        }),
      (error: unknown) => report(options, error),
    );
  }
  return {
    open: () => ask((it) => it.open()),
    openPreferences: () => ask((it) => it.openPreferences()),
    close: () => ask((it) => it.close()),
    noticeText: () => banner?.noticeText() ?? '',
    destroy: () => {
      isWanted = false;
      guard(onDestroy);
      guard(() => banner?.destroy());
      banner = null;
    },
  };
}

/** Settles when the SDK has decided for the first time. */
function stateKnown(api: ConsentApi): Promise<void> {
  return new Promise((resolve) => {
    if (api.get()) return resolve();
    let isKnown = false;
    let end: (() => void) | undefined;
    const known = (state: ConsentState | undefined): void => {
      if (!state) return;
      isKnown = true;
      end?.();
      resolve();
    };
    end = api.on(known);
    if (isKnown) end?.();
  });
}

function bodyThere(): Promise<void> {
  return new Promise((resolve) => {
    if (document.body) resolve();
    else document.addEventListener('DOMContentLoaded', () => resolve(), { once: true });
  });
}

function report(options: BannerOptions, error: unknown): void {
  try {
    options.onError?.(error);
  } catch {
    // The page's own error handler failed: there is nobody left to tell.
  }
}
