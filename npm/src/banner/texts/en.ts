import type { BannerTexts } from '../types.js';

/** English texts, part of the scripts themselves. */
export const en: BannerTexts = {
  lang: 'en',
  title: 'Your privacy, your choice',
  intro:
    'With your permission we measure how this shop is used, adapt it to you and tell advertising platforms which ads led to an order. You can say no, and change your mind at any time.',
  acceptAll: 'Accept all',
  rejectAll: 'Reject all',
  choose: 'Choose',
  preferences: 'Privacy settings',
  privacyChoices: 'Your Privacy Choices',
  preferencesIntro: 'Decide for each purpose. Nothing is used for a purpose until you allow it.',
  privacyChoicesIntro: 'Remove a tick to opt out of that use of your data.',
  save: 'Save choices',
  close: 'Close without saving',
  saved: 'Your choice has been saved.',
  failed: 'Your choice could not be saved. Please try again.',
  gpcNotice:
    'Your browser sends a Global Privacy Control signal, so your data is not shared with third parties, even if you accept all. Only ticking that purpose and saving would allow it.',
  gpcConflict: 'This goes against the Global Privacy Control signal of your browser. If you confirm it, you allow this shop to share your data despite the signal.',
  optOutHonoured: 'Opt-Out Request Honored',
  privacyPolicy: 'Privacy policy',
  imprint: 'Legal notice',
  recipients: 'Recipients',
  necessary: {
    name: 'Strictly necessary',
    about: 'Keeps the cart, the checkout and this choice working.',
    always: 'Always on',
  },
  purposes: {
    analytics: {
      name: 'Statistics',
      about: 'Counts visits and shows us which pages and products people use.',
    },
    personalization: {
      name: 'Personalization',
      about: 'Adapts the shop and its ads to what you have looked at.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Measures which ads and messages bring people to the shop.',
    },
    third_party_sharing: {
      name: 'Sharing with advertising platforms',
      about: 'Tells advertising platforms about orders and visits, with scrambled (hashed) contact details.',
    },
  },
  embed: {
    title: 'Content from {host}',
    about: 'Loading it tells that provider your IP address, among other things. It needs your permission for: {purposes}. “Always allow” gives it for the whole shop.',
    once: 'Load once',
    always: 'Always allow',
  },
};
