/**
 * What the collector says about the visitor's region (`GET /v1/region`, docs/wire.md): the page asks while the module loads, and nothing is decided
 * before the answer. Kept in memory only: before a choice nothing may be stored.
 */
import * as host from 'firsthand-host';
import { base, isOn } from './options.js';
import type { Options } from './types.js';

/** The answer is not waited for any longer; the strictest rule holds then. */
const DEADLINE_MS = 1_500;

/** What the answer sets, under the names of the module's options. */
export interface Region {
  regionRegime?: string;
  gpcRequired?: boolean;
  gpcScope?: string;
  gpcMode?: string;
  policyVersion?: number;
  consentMaxAgeDays?: number;
}

/** Asks, unless the page has a regime of its own and no wish to. */
export const askRegion = async ({ endpoint, regime, region }: Options): Promise<Region> => {
  if (!isOn(region ?? !regime)) return {};
  const read = async (signal: AbortSignal): Promise<any> => (await fetch(base(endpoint) + '/v1/region', { signal })).json();
  // A page that does not know its own address, or a foreign answer: no region.
  const said = (await host.within(DEADLINE_MS, read).catch(() => 0)) || {};
  return {
    regionRegime: said.regime ?? 'opt_in',
    gpcRequired: said.gpc_required,
    gpcScope: said.gpc_scope,
    gpcMode: said.gpc_mode,
    ...(said.policy_version && { policyVersion: said.policy_version, consentMaxAgeDays: said.max_age_days }),
  };
};
