// Every regime × choice × Global Privacy Control × word of a consent tool: what is stored and what leaves, before the answer, after it, on
// withdrawal and on the next page. What is expected comes from the truth table (`lib/matrix.mjs`); storage and network are observed from outside.
//
// Chromium goes through all of it. Firefox, whose signal is its own and also a header, goes through no choice, a yes and a no, without a tool, with a
// TCF yes and a GPP opt-out, in all regimes.
import { after, before, describe, test } from 'node:test';
import { available, launch } from '../lib/browser.mjs';
import { MatrixVisit } from '../lib/matrix-visit.mjs';
import { POLICY_VERSION, rows } from '../lib/matrix.mjs';
import { Pages } from '../lib/pages.mjs';
import { Seats } from '../lib/seats.mjs';
import { Stack } from '../lib/stack.mjs';

/** Rows at a time: each waits for its own page and for the collector, not for a processor. */
const CONCURRENCY = 4;
/** Choices and words of tools that Firefox goes through. */
const SUBSET = [['none', 'all_granted', 'all_denied'], ['no tool', 'TCF yes', 'GPP opt-out']];
/** Firefox has the setting; Chromium has none, so the page is given what such a browser would give it. */
const makeUpSignal = () => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true, configurable: true });
const GPC_PREFS = { 'privacy.globalprivacycontrol.enabled': true, 'privacy.globalprivacycontrol.functionality.enabled': true };

for (const kind of available()) {
  const wanted = kind === 'chromium' ? rows() : rows(...SUBSET);
  describe(`the consent matrix in ${kind}`, () => {
    let stack;
    let pages;
    const seats = {};

    before(async () => {
      pages = await Pages.start();
      stack = await Stack.start({ policyVersion: POLICY_VERSION, origins: [pages.url] });
      seats.false = new Seats(await launch(kind));
      seats.true = kind === 'firefox' ? new Seats(await launch(kind, { prefs: GPC_PREFS })) : new Seats(seats.false.browser, makeUpSignal);
    });
    after(async () => {
      await Promise.all(Object.values(seats).map((some) => some.close()));
      await stack?.stop();
      await pages?.stop();
    });

    describe('row', { concurrency: CONCURRENCY }, () => {
      for (const [index, row] of wanted.entries()) {
        test(row.title, async () => {
          const free = seats[row.gpc];
          const seat = await free.take();
          const visit = new MatrixVisit(row, `${kind}-${index}`, { stack, pages, seat });
          await visit.arrive();
          await visit.beforeTheAnswer();
          await visit.afterTheAnswer();
          await visit.afterTheWithdrawal();
          await visit.onTheNextPage();
          await visit.leave();
          // The seat of a row that failed is not given to another.
          free.giveBack(seat);
        });
      }
    });
  });
}
