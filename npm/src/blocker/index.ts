/** The blocker: what the npm package exports as `firsthand/blocker`. */

import { en, texts } from '../banner/texts.js';
import type { ConsentApi } from '../banner/types.js';
import { block } from './blocker.js';
import type { BlockerHandle, BlockerOptions } from './types.js';

/** Holds back marked scripts and frames until the visitor allows what they are for. Does nothing on a server. */
export const blockContent = (api: ConsentApi, options: BlockerOptions = {}): BlockerHandle => block(api, options, { fallback: en, load: texts });

export type * from './types.js';
