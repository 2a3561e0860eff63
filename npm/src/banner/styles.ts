/**
 * The banner's style sheet.
 *
 * Sizes are in `em` of the visitor's own default font size (the host resets everything it would inherit), so a page's `html{font-size:62.5%}`
 * changes nothing. Nothing here moves the page: every layer is fixed. The three answers of the first layer share one rule on purpose: same size,
 * same contrast.
 *
 * A shop themes it with custom properties: `--firsthand-accent`, `--firsthand-accent-text`, `--firsthand-background`, `--firsthand-text`,
 * `--firsthand-muted`, `--firsthand-line`, `--firsthand-radius`, `--firsthand-font`, `--firsthand-z-index`; or `::part()`.
 */

/** Defaults of the dark theme, used by two selectors. */
const DARK = '--b:#1d2024;--t:#f2f3f5;--m:#b9bfc7;--l:#7d858f;--a:#e8eaee;--o:#15171a;color-scheme:dark';

/** Style sheet of the shadow root. */
export const CSS: string = `:host{all:initial}
.r{--b:#fff;--t:#1a1d21;--m:#4d545c;--l:#8a9098;--a:#1f2933;--o:#fff;color-scheme:light}
@media(prefers-color-scheme:dark){.r[data-theme=auto]{${DARK}}}
.r[data-theme=dark]{${DARK}}
.r,dialog{font:1em/1.5 var(--firsthand-font,system-ui,sans-serif);color:var(--firsthand-text,var(--t));text-align:start}
*{box-sizing:border-box}
[hidden]{display:none!important}
.f,.s,.w,dialog{position:fixed;z-index:var(--firsthand-z-index,2147483000)}
.f,.s span,.w,dialog{background:var(--firsthand-background,var(--b));color:var(--firsthand-text,var(--t));border:1px solid var(--firsthand-line,var(--l));border-radius:var(--firsthand-radius,.75em);box-shadow:0 .5em 2em #0004;overflow-wrap:break-word}
.f{inset-inline:.75em;bottom:.75em;padding:1.25em;max-height:calc(100% - 1.5em);overflow:auto}
h2{font-size:1.25em;line-height:1.3;margin:0 0 .4em}
h3{font-size:1em;margin:0}
p{margin:0 0 .75em}
.n{border-inline-start:.25em solid;padding-inline-start:.75em}
.m p:last-child{margin:0}
.m{color:var(--firsthand-muted,var(--m));font-size:.925em;margin:0}
a{color:inherit;text-underline-offset:.15em;display:inline-block;min-height:24px}
button{font:inherit;font-weight:600;line-height:1.25;min-height:2.75em;padding:.5em 1em;cursor:pointer;border:1px solid transparent;border-radius:calc(var(--firsthand-radius,.75em)*.66);background:var(--firsthand-accent,var(--a));color:var(--firsthand-accent-text,var(--o));overflow-wrap:anywhere}
button:hover{text-decoration:underline;text-underline-offset:.2em}
:focus-visible{outline:3px solid var(--firsthand-text,var(--t));outline-offset:2px}
h2:focus-visible{outline:0}
.g{display:grid;gap:.6em;margin-top:1em}
.x,.w{background:var(--firsthand-background,var(--b));color:var(--firsthand-text,var(--t));border-color:var(--firsthand-line,var(--l))}
.x{float:inline-end;min-width:2.75em;padding:0;margin-inline-start:.5em}
dialog{width:min(40em,100vw - 1.5em);max-width:none;max-height:calc(100% - 1.5em);padding:1.25em;overflow:auto;overscroll-behavior:contain;scroll-padding-bottom:13em}
dialog::backdrop{background:#0009}
ul{list-style:none;margin:1em 0 0;padding:0}
li{border-top:1px solid var(--firsthand-line,var(--l));padding:.9em 0}
.c{display:flex;gap:.75em;align-items:flex-start;font-weight:600;cursor:pointer;min-height:24px}
.c+.m,h3+.m{margin-inline-start:2.432em}
h3{display:flex;flex-wrap:wrap;gap:0 .75em;margin-inline-start:2.25em}
h3 span{font-weight:400}
input{flex:none;width:1.5em;height:1.5em;min-width:24px;min-height:24px;margin:0;accent-color:var(--firsthand-accent,var(--a));cursor:pointer}
.k{position:sticky;bottom:-1.25em;margin:0 -1.25em -1.25em;padding:1em 1.25em 1.25em;background:var(--firsthand-background,var(--b));border-top:1px solid var(--firsthand-line,var(--l))}
.w{inset-inline-start:.75em;bottom:.75em;min-height:2.25em;padding:.25em .75em;font-size:.875em;max-width:calc(100vw - 1.75em)}
.w span{display:block;font-weight:400}
.s{inset:auto .75em .75em;height:0;display:flex;align-items:flex-end;pointer-events:none}
.s:has(~.w){bottom:4.5em}
.s span{padding:.75em 1em}
@media(min-width:40em){.f[data-position=corner]{inset-inline:1.25em auto;bottom:1.25em;width:30em}.f[data-position=bottom]{inset-inline:0;bottom:0;border-radius:0;border-inline:0;border-bottom:0;padding:1.25em max(1.25em,50vw - 32em)}.g{grid-template-columns:repeat(3,1fr)}}
@media(max-height:40em){.k{position:static}}
@media(prefers-reduced-motion:no-preference){.f,dialog{animation:i .2s ease-out}@keyframes i{from{opacity:0;transform:translateY(1em)}}}
@media(forced-colors:active){button{border-color:ButtonText}.n{border-color:CanvasText}}
@media print{:host{display:none}}`;
