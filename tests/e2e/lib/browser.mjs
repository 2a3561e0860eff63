// The browsers of the distribution, driven over their own protocols.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
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

/** Settings of a visitor who lets no site store anything: cookies, and with them all other storage. */
const BLOCKED = { chromium: { profile: { default_content_setting_values: { cookies: 2 } } }, firefox: { 'network.cookie.cookieBehavior': 2 } };

/** Starts a browser that denies every site cookies and storage. Only its default context has the setting in Chromium. */
export async function launchBlocked(kind) {
  if (kind === 'firefox') return launch(kind, { prefs: BLOCKED.firefox });
  const profile = mkdtempSync(path.join(tmpdir(), 'firsthand-profile-'));
  mkdirSync(path.join(profile, 'Default'));
  writeFileSync(path.join(profile, 'Default', 'Preferences'), JSON.stringify(BLOCKED.chromium));
  const browser = await launch(kind, { profile });
  browser.process().once('exit', () => rmSync(profile, { recursive: true, force: true }));
  return browser;
}

/** Starts a browser with an empty profile. `prefs` are Firefox preferences; `profile` is a prepared folder, which the caller removes. */
export async function launch(kind, { prefs = {}, profile } = {}) {
  const executablePath = find(kind);
  if (!executablePath) throw new Error(`${kind} is not installed: apt-get install ${kind}`);
  // Without a folder named here the driver makes a fresh profile and removes it at the end.
  return puppeteer.launch({
    browser: kind === 'firefox' ? 'firefox' : 'chrome',
    executablePath,
    headless: true,
    userDataDir: profile,
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
