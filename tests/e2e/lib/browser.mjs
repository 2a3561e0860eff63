// The browsers of the distribution, driven over their own protocols.
import { existsSync } from 'node:fs';
import puppeteer from 'puppeteer-core';

const CHROMIUM_FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

const CANDIDATES = {
  chromium: ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'],
  firefox: ['/usr/bin/firefox-esr', '/usr/bin/firefox'],
};

/** Returns where a browser is, or undefined. */
export function find(kind) {
  return CANDIDATES[kind].find((candidate) => existsSync(candidate));
}

/** Browsers to run a suite in: Chromium always, Firefox where it is installed. */
export function available() {
  return ['chromium', 'firefox'].filter((kind) => kind === 'chromium' || find(kind));
}

/** Starts a browser with an empty profile. `prefs` are Firefox preferences. */
export async function launch(kind, { prefs = {} } = {}) {
  const executablePath = find(kind);
  if (!executablePath) throw new Error(`${kind} is not installed: apt-get install ${kind}`);
  // Without a folder named here the driver makes a fresh profile and removes it at the end.
  return puppeteer.launch({
    browser: kind === 'firefox' ? 'firefox' : 'chrome',
    executablePath,
    headless: true,
    args: kind === 'chromium' ? CHROMIUM_FLAGS : [],
    extraPrefsFirefox: {
      'app.update.enabled': false,
      'datareporting.policy.dataSubmissionEnabled': false,
      'network.captive-portal-service.enabled': false,
      'network.connectivity-service.enabled': false,
      'browser.safebrowsing.downloads.remote.enabled': false,
      ...prefs,
    },
  });
}
