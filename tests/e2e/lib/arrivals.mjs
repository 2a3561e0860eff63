// Reads the sandbox's account of what arrived.

/** Server-side copies that a platform took, of one event name. */
export const taken = (records, platform, name) =>
  records.filter((r) => r.platform === platform && r.channel === 'server' && r.verdict === 'accepted' && r.event_name === name);

/** How often a platform counts an event id, all copies together. */
export const counted = (records, platform, id) =>
  records.filter((r) => r.platform === platform && r.event_id === id && r.counted).length;

/** Names of what a platform took from the collector, in order. */
export const names = (records, platform) =>
  records.filter((r) => r.platform === platform && r.channel === 'server').map((r) => r.event_name);

/** Requests that a platform refused. */
export const refused = (records) => records.filter((r) => r.verdict === 'refused');
