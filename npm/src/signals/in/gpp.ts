/** IAB GPP: the string is read by `sdk/core/src/signals/gpp.rs`, in the sections that apply. */
import { whenThere } from '../appear.js';
import { iabApi } from '../framed.js';
import { SILENT, type Source } from '../link.js';

export const gpp: Source = (report, { read }) => {
  let last: string | undefined;
  const hear = (event: any, isOk: boolean): void => {
    const ping = event?.pingData;
    if (!isOk || !ping || ping.cmpStatus == 'error') return report({ answers: last ?? SILENT, problem: 'gpp: the consent tool reports an error' });
    if (ping.signalStatus != 'ready') {
      // The visitor is being asked, or is changing the answer.
      if (last || ping.cmpDisplayStatus == 'visible') report({ answers: last ?? SILENT, isAsking: true });
      return;
    }
    const listed: unknown[] = Array.isArray(ping.applicableSections) ? ping.applicableSections : [];
    if (listed.includes(-1)) return report({ answers: (last = SILENT) });
    const sections = listed.filter((id) => Number.isInteger(id) && (id as number) > 0);
    const gpp = typeof ping.gppString == 'string' ? ping.gppString : '';
    const [answers, isUnreadable] = read('gpp', gpp, sections.join()).split('\n');
    last = answers!;
    const cmp = Number.isInteger(ping.cmpId) ? 'gpp/' + ping.cmpId : undefined;
    if (isUnreadable) report({ answers: last, evidence: { cmp }, problem: 'gpp: the GPP string cannot be read, and says nothing' });
    else report({ answers: last, evidence: { cmp, gpp } });
  };
  whenThere(
    () => iabApi('__gpp'),
    (call) => call('addEventListener', hear),
  );
};
