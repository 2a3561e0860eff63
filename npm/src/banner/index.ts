/** The consent banner: what the npm package exports from it. */

export { mountBanner } from './mount.js';
export { en } from './texts/en.js';
export type {
  BannerHandle,
  BannerOptions,
  BannerTexts,
  Choice,
  ChoiceContext,
  ConsentApi,
  ConsentState,
  Purpose,
  Regime,
} from './types.js';
