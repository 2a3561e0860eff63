import type { BannerTexts } from '../types.js';

/** English texts, part of the default bundle. */
export const en: BannerTexts = {
  lang: 'en',
  title: 'Your privacy, your choice',
  intro:
    'With your permission we measure how this shop is used and tell advertising platforms which adverts led to an order. You can say no, and change your mind at any time.',
  acceptAll: 'Accept all',
  rejectAll: 'Reject all',
  choose: 'Choose',
  preferences: 'Privacy settings',
  privacyChoices: 'Your privacy choices',
  preferencesIntro: 'Decide for each purpose. Nothing is used for a purpose until you allow it.',
  privacyChoicesIntro: 'Remove a tick to opt out of that use of your data.',
  save: 'Save choices',
  close: 'Close without saving',
  saved: 'Your choice has been saved.',
  failed: 'Your choice could not be saved. Please try again.',
  gpcNotice:
    'Your browser sends a Global Privacy Control signal, so your data is not shared with third parties, even if you accept all. Only ticking that purpose and saving would allow it.',
  optOutHonoured: 'Opt-out request honoured',
  privacyPolicy: 'Privacy policy',
  recipients: 'Recipients:',
  necessary: {
    name: 'Strictly necessary',
    about: 'Keeps the basket, the checkout and this choice working.',
    always: 'Always on',
  },
  purposes: {
    analytics: {
      name: 'Statistics',
      about: 'Counts visits and shows us which pages and products people use.',
    },
    personalization: {
      name: 'Personalisation',
      about: 'Adapts the shop and its adverts to what you have looked at.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Measures which adverts and messages bring people to the shop.',
    },
    third_party_sharing: {
      name: 'Sharing with advertising platforms',
      about: 'Tells advertising platforms about orders and visits, with scrambled (hashed) contact details.',
    },
  },
};
