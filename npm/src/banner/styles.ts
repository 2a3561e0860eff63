/**
 * The banner's style sheet, upon the shared theme.
 *
 * Nothing here moves the page: every layer is fixed. The answers share one rule on purpose, same size and same contrast, and where the text scrolls
 * all of them stay in sight: none may be easier to find than another.
 */

import { THEME } from './theme.js';

/** Style sheet of the shadow root. */
export const CSS: string = `${THEME}
.f,.s,.w,dialog{position:fixed;z-index:var(--fh-z-index,2147483000)}
.f,.s span,.w,dialog{background:var(--fh-background,var(--b));color:var(--fh-text,var(--t));border:1px solid var(--fh-line,var(--l));border-radius:var(--fh-radius,.75em);box-shadow:0 .5em 2em #0004;overflow-wrap:break-word}
.f{inset-inline:.75em;bottom:.75em;padding:1.25em;max-height:calc(100% - 1.5em);overflow:auto;scroll-padding-bottom:9em}
h2{font-size:1.25em;line-height:1.3;margin:0 0 .4em}
h3{font-size:1em;margin:0}
.m p:last-child{margin:0}
.m{color:var(--fh-muted,var(--m));font-size:.925em;margin:0}
.m .n{margin-top:.75em}
.l{display:flex;flex-wrap:wrap;gap:0 1.25em;margin:0}
h2:focus-visible{outline:0}
.x,.w{background:var(--fh-background,var(--b));color:var(--fh-text,var(--t));border-color:var(--fh-line,var(--l))}
.x{float:inline-end;min-width:2.75em;padding:0;margin-inline-start:.5em}
.x+h2{min-height:2.2em;align-content:center}
dialog{width:min(40em,100vw - 1.5em);max-width:none;max-height:calc(100% - 1.5em);padding:1.25em;overflow:auto;overscroll-behavior:contain;scroll-padding-bottom:13em}
dialog::backdrop{background:#0009}
ul{list-style:none;margin:1em 0 0;padding:0}
li{border-top:1px solid color-mix(in srgb,var(--fh-line,var(--l)) 45%,transparent);padding:.9em 0}
.c{display:flex;gap:.75em;align-items:flex-start;font-weight:600;cursor:pointer;min-height:24px}
.c~.m,h3+.m{margin-inline-start:2.432em}
h3{display:flex;flex-wrap:wrap;gap:0 .75em;margin-inline-start:2.25em}
h3 span{font-weight:400}
.m+details{margin-top:.35em}
summary{width:fit-content;min-height:24px;cursor:pointer;text-decoration:underline;text-underline-offset:.15em}
details ul{margin:.25em 0 0;padding-inline-start:1.25em;list-style:disc}
details li{border:0;padding:.1em 0}
input{flex:none;width:1.5em;height:1.5em;min-width:24px;min-height:24px;margin:0;accent-color:var(--fh-accent,var(--a));cursor:pointer}
.g{position:sticky;bottom:-1.25em;margin:0 -1.25em -1.25em;padding:.75em 1.25em 1.25em;background:var(--fh-background,var(--b))}
.k{padding-top:1em;border-top:1px solid color-mix(in srgb,var(--fh-line,var(--l)) 45%,transparent)}
.k button:first-child{flex-basis:100%}
.w{inset-inline-start:.75em;bottom:.75em;min-height:2.25em;padding:.25em .75em;font-size:.875em;max-width:calc(100vw - 1.75em)}
.w span{display:block;font-weight:400}
.w svg{width:2em;height:1em;margin-inline-end:.5em;vertical-align:-.125em}
.s{inset:auto .75em .75em;height:0;display:flex;align-items:flex-end;pointer-events:none}
.s:has(~.w){bottom:4.5em}
.s span{padding:.75em 1em}
@media(min-width:40em){.f[data-position=corner]{inset-inline:1.25em auto;bottom:1.25em;width:30em}.f[data-position=bottom]{inset-inline:0;bottom:0;border-radius:0;border-inline:0;border-bottom:0;padding:1.25em max(1.25em,50vw - 32em)}.k button:first-child{flex-basis:7em}}
@media(max-height:40em){.k{position:static}}
@media(prefers-reduced-motion:no-preference){.f,dialog{animation:i .2s ease-out}@keyframes i{from{opacity:0;transform:translateY(1em)}}}`;
