/** Osano's consent manager. Source: Osano, "CMP JavaScript API": `osano-cm-initialized` brings the stored consent, or nothing where there is none. */
import { whenThere } from '../appear.js';
import { byCategory } from '../categories.js';
import { page, safe, type Source } from '../link.js';

export const osano: Source = (report, { categories }) => {
  const hear = (consent: any): void => {
    if (!consent || typeof consent != 'object') return;
    const given = ['MARKETING', 'PERSONALIZATION', 'ANALYTICS'].map((name) => [name, consent[name] === 'ACCEPT'] as const);
    // The opt-out of sale is a category of its own there, whose ACCEPT is the opt-out.
    const answers = byCategory(given, categories);
    report({ answers: consent.OPT_OUT === 'ACCEPT' ? answers.slice(0, 3) + '0' : answers, evidence: { cmp: 'osano' } });
  };
  whenThere(
    () => typeof page.Osano?.cm?.addEventListener == 'function' && page.Osano.cm,
    (tool) => {
      for (const name of ['osano-cm-initialized', 'osano-cm-consent-saved']) tool.addEventListener(name, safe(hear));
    },
  );
};
