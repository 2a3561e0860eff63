/** A page of the shop with the banner; `linkless` has no way to the preferences of its own. */
export const bannerPage = (query) => {
  const links = `<button data-firsthand-consent><span id="inside">Cookie settings</span></button><a id="hash" href="#firsthand-consent">Cookies</a>
<p data-firsthand-status></p>`;
  const lang = query.get('lang') ?? 'en';
  return `<!doctype html><html lang="${lang}"${/^(ar|he)/.test(lang) ? ' dir="rtl"' : ''}><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width"><title>A shop</title></head>
<body><main><h1>A shop</h1><p>Mugs and plates.</p><button id="buy">Buy</button>
${query.has('linkless') ? '' : links}</main>
<script src="/page.js"></script><script src="/banner.js"></script></body></html>`;
};
