/** IAB TCF 2.2 and 2.3: the TC string is read by `sdk/core/src/signals/tcf.rs`, as far as the GDPR applies. */
import { whenThere } from '../appear.js';
import { iabApi } from '../framed.js';
import { SILENT, type Source } from '../link.js';

export const tcf: Source = (report, { read }) => {
  let last: string | undefined;
  const hear = (data: any, isOk: boolean): void => {
    if (!isOk || data?.cmpStatus == 'error') return report({ answers: last ?? SILENT, problem: 'tcf: the consent tool reports an error' });
    if (data?.gdprApplies === false) return report({ answers: (last = SILENT) });
    // Not known yet: it will call again.
    if (!data?.gdprApplies) return;
    const cmp = Number.isInteger(data.cmpId) ? 'tcf/' + data.cmpId : undefined;
    if (data.eventStatus == 'tcloaded' || data.eventStatus == 'useractioncomplete') {
      const tcf = typeof data.tcString == 'string' ? data.tcString : '';
      const [answers, isUnreadable] = read('tcf', tcf).split('\n');
      last = answers!;
      if (isUnreadable) report({ answers: last, evidence: { cmp }, problem: 'tcf: the TC string cannot be read, and grants nothing' });
      else report({ answers: last, evidence: { cmp, tcf } });
    } else if (data.eventStatus == 'cmpuishown' && !last) {
      // The string of this moment says no to all, because nobody has been asked.
      report({ answers: SILENT, isAsking: true });
    }
  };
  whenThere(
    () => iabApi('__tcfapi'),
    (call) => call('addEventListener', hear),
  );
};
