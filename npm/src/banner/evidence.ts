/** What proves, later, which texts an answer was given to. */

import type { ChoiceContext } from './types.js';

/** The part of the evidence that is the same for every answer given in a layer. */
export type Evidence = Omit<ChoiceContext, 'afterGpcNotice'>;

/** Returns the texts of a layer in reading order, one a line, without the signs on buttons that have a name of their own. */
export function shownText(layer: Element): string {
  const walker = document.createTreeWalker(layer, NodeFilter.SHOW_TEXT);
  const lines: string[] = [];
  while (walker.nextNode()) {
    const { data, parentElement } = walker.currentNode as Text;
    const line = (parentElement?.getAttribute('aria-label') ?? data).trim();
    if (line) lines.push(line);
  }
  return lines.join('\n');
}

/** Starts watching a layer; returns the function that gives the evidence for an answer given now. */
export function evidenceOf(layer: Element, text: { readonly lang: string }): () => Evidence {
  let notice: string | undefined;
  let current = '';
  // Digested ahead: an answer is handed over at once, because the page may be left at once.
  const digest = async (): Promise<void> => {
    const shown = (current = shownText(layer));
    notice = undefined;
    const hex = await sha256(shown);
    if (shown === current) notice = hex;
  };
  const renew = (): void => void digest().catch(() => undefined);
  layer.addEventListener('change', renew);
  renew();
  return () => ({ basis: 'explicit', evidence: { locale: text.lang, ui_version: __VERSION__, ...(notice && { notice_sha256: notice }) } });
}

/** Returns the SHA-256 of a text in hexadecimal; rejects outside secure contexts, where browsers have no `crypto.subtle`. */
async function sha256(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
