/** Options as the module reads them. */
import type { Region } from './region.js';
import type { Options } from './types.js';

/** In the order of `Config::parse` (`sdk/web/src/config.rs`), which knows the defaults and the bounds. */
const OPTIONS = [
  'writeKey', 'endpoint', 'ownHosts', 'regime', 'regionRegime', 'gpcScope', 'gpcMode', 'ageBand', 'gpcRequired', 'signals',
  'policyVersion', 'consentMaxAgeDays', 'sessionTimeoutMinutes', 'splitOnCampaign', 'storage',
  'batchEvents', 'batchBytes', 'flushMs', 'queueEvents', 'queueBytes', 'queueDays', 'heldEvents', 'debug',
] as const;

/** Whether an option that switches something is on. */
export const isOn = (value: unknown): boolean => !/^(false|0|off|no)$/.test(String(value));

/** The address of a door of the collector begins with this. */
export const base = (endpoint: unknown): string => String(endpoint ?? '').replace(/\/+$/, '');

/** One value as a line: control characters would end it. */
export const field = (value: unknown): string => String(value ?? '').replace(/[\0-\x1f]+/g, ' ');

/** One option a line, empty where the default counts. */
export const optionLines = (options: Options & Region): string =>
  OPTIONS.map((name) => {
    const value = options[name];
    if (value == null) return '';
    if (name == 'endpoint') return base(value);
    if (name == 'ownHosts') return String(value).replace(/\s/g, '');
    if (/^(splitOnCampaign|debug|gpcRequired)$/.test(name)) return +isOn(value);
    if (name == 'signals') return +(String(value) > '');
    if (name == 'storage') return +(value == 'memory');
    return value;
  })
    .map(field)
    .join('\n');
