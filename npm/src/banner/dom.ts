/**
 * Builds elements without `innerHTML`, inline `style` attributes or evaluated strings, so that the banner runs under a strict
 * Content-Security-Policy and `require-trusted-types-for 'script'`.
 */

/** Returns a new element with attributes (`null` leaves one out) and children. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | null | undefined>> = {},
  ...children: readonly (Node | string | null)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value != null) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Returns a button that calls `onClick`. */
export function button(label: string, onClick: () => void, attributes: Readonly<Record<string, string>> = {}): HTMLButtonElement {
  const made = element('button', { type: 'button', part: 'button', ...attributes }, label);
  made.addEventListener('click', onClick);
  return made;
}

/** Gives a document or a shadow root style: constructed where the browser can, else a `<style>` element with the page's nonce. */
export function applyStyles(root: Document | ShadowRoot, css: string, nonce: string | undefined): void {
  try {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(css);
    root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
  } catch {
    (root instanceof Document ? root.head : root).prepend(element('style', { nonce: nonce || pageNonce() }, css));
  }
}

/** Returns the element that has the focus, also inside open shadow roots. */
export function focusedElement(): HTMLElement | null {
  let focused = document.activeElement;
  while (focused?.shadowRoot?.activeElement) focused = focused.shadowRoot.activeElement;
  return focused instanceof HTMLElement && focused !== document.body ? focused : null;
}

/** Returns the nonce of a script of the page; `getAttribute` would see an empty one. */
function pageNonce(): string | null {
  return document.querySelector<HTMLElement>('script[nonce],style[nonce]')?.nonce ?? null;
}
