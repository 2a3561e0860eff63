/**
 * What the banner and the placeholder of a blocked frame share: colours, type, buttons.
 *
 * A shop themes both with custom properties (`docs/banner.md`): `--fh-accent`, `--fh-accent-text`, `--fh-background`, `--fh-text`, `--fh-muted`,
 * `--fh-line`, `--fh-radius`, `--fh-font`, `--fh-z-index`; or with `::part()`.
 */

/** Defaults of the dark theme, used by two selectors. */
const DARK = '--b:#1d2024;--t:#f2f3f5;--m:#b9bfc7;--l:#7d858f;--a:#e8eaee;--o:#15171a;color-scheme:dark';

/**
 * Style sheet of a shadow root whose root element is `.r[data-theme]`.
 *
 * Sizes are in `em` of the visitor's own default font size (the host resets everything it would inherit), so a page's `html{font-size:62.5%}`
 * changes nothing.
 */
export const THEME: string = `:host{all:initial}
.r{--b:#fff;--t:#1a1d21;--m:#4d545c;--l:#8a9098;--a:#1f2933;--o:#fff;color-scheme:light}
@media(prefers-color-scheme:dark){.r[data-theme=auto]{${DARK}}}
.r[data-theme=dark]{${DARK}}
.r,dialog{font:1em/1.5 var(--fh-font,system-ui,sans-serif);color:var(--fh-text,var(--t));text-align:start}
*{box-sizing:border-box}
p{margin:0 0 .75em}
.n{border-inline-start:.25em solid;padding-inline-start:.75em}
a{color:inherit;text-underline-offset:.15em;display:inline-block;min-height:24px}
button{font:inherit;font-weight:600;line-height:1.25;min-height:2.75em;padding:.5em;cursor:pointer;border:1px solid transparent;border-radius:calc(var(--fh-radius,.75em)*.66);background:var(--fh-accent,var(--a));color:var(--fh-accent-text,var(--o));overflow-wrap:anywhere}
button:hover{text-decoration:underline;text-underline-offset:.2em}
:focus-visible{outline:3px solid var(--fh-text,var(--t));outline-offset:2px}
@media(max-width:22.5em){button{font-size:.9em;padding-inline:.25em;hyphens:auto}}
.g{display:flex;flex-wrap:wrap;gap:.6em;margin-top:1em}
.g button{flex:1 1 7em}
@media(forced-colors:active){button{border-color:ButtonText}.n{border-color:CanvasText}}
@media print{:host{display:none}}`;
