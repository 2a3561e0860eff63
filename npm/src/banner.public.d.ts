import type { BannerHandle, BannerOptions, BannerTexts, ConsentApi } from './banner-types.js';

export type * from './banner-types.js';

/** Shows the consent banner and returns its controls; a second call returns the banner that is already there. Does nothing on a server. */
export declare function mountBanner(api: ConsentApi, options?: BannerOptions): BannerHandle;
/** The English texts. */
export declare const en: BannerTexts;
