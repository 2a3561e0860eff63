/** Klaro: a purpose is on when all of its services are. Source: `src/consent-manager.js` of the package. */
import { whenThere } from '../appear.js';
import { byCategory } from '../categories.js';
import { page, safe, type Source } from '../link.js';

export const klaro: Source = (report, { categories }) =>
  whenThere(
    () => page.klaro?.getManager?.(),
    (manager: any) => {
      const look = (): void => {
        if (!manager.confirmed) return;
        const given: [string, boolean][] = [];
        for (const { name, purposes } of manager.config?.services ?? []) {
          for (const purpose of purposes ?? []) given.push([String(purpose), manager.consents?.[name] === true]);
        }
        report({ answers: byCategory(given, categories), evidence: { cmp: 'klaro' } });
      };
      // It tells of every tick in its window; what counts is what was saved.
      manager.watch({ update: safe((_: unknown, type: string) => type != 'consents' && look()) });
      look();
    },
  );
