/** The sources by their names in the option `signals`. */
import type { SignalName } from '../types.js';
import { complianz } from './in/complianz.js';
import { consentMode } from './in/consent-mode.js';
import { cookiebot } from './in/cookiebot.js';
import { cookieconsent } from './in/cookieconsent.js';
import { cookieyes } from './in/cookieyes.js';
import { didomi } from './in/didomi.js';
import { gpp } from './in/gpp.js';
import { klaro } from './in/klaro.js';
import { onetrust } from './in/onetrust.js';
import { osano } from './in/osano.js';
import { shopify } from './in/shopify.js';
import { tcf } from './in/tcf.js';
import { usercentrics } from './in/usercentrics.js';
import type { Source } from './link.js';

export const SOURCES: Readonly<Record<SignalName, Source>> = {
  tcf, gpp, consent_mode: consentMode, shopify, cookiebot, onetrust, usercentrics, klaro, cookieconsent, didomi, cookieyes, complianz, osano,
};

/** The core's name of what an answer rests on; consent tools are one to it, their names are evidence. */
export const basisOf = (name: string): string => (/^(tcf|gpp|consent_mode|shopify)$/.test(name) ? name : 'cmp');
