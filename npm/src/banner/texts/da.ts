import type { BannerTexts } from '../types.js';

/** Danish texts. */
const texts: BannerTexts = {
  lang: 'da',
  title: 'Dine data, dit valg',
  intro: 'Med din tilladelse måler vi, hvordan butikken bruges, tilpasser den til dig og fortæller annonceplatforme, hvilke annoncer der førte til en ordre. Du kan sige nej og altid ændre dit valg.',
  acceptAll: 'Accepter alle',
  rejectAll: 'Afvis alle',
  choose: 'Vælg',
  preferences: 'Privatlivsindstillinger',
  privacyChoices: 'Dine privatlivsvalg',
  preferencesIntro: 'Bestem for hvert formål. Intet bruges til et formål uden din tilladelse.',
  privacyChoicesIntro: 'Fjern et flueben for at sige nej til den brug af dine data.',
  save: 'Gem valg',
  close: 'Luk uden at gemme',
  saved: 'Dit valg er gemt.',
  failed: 'Dit valg kunne ikke gemmes. Prøv igen.',
  gpcNotice: 'Din browser sender et Global Privacy Control-signal. Derfor deles dine data ikke med tredjeparter, heller ikke hvis du accepterer alle. Kun hvis du sætter flueben ved dette formål og gemmer, tillader du det.',
  gpcConflict: 'Det er i modstrid med din browsers Global Privacy Control-signal. Hvis du bekræfter det, tillader du, at butikken deler dine data på trods af signalet.',
  optOutHonoured: 'Dit fravalg er respekteret',
  privacyPolicy: 'Privatlivspolitik',
  imprint: 'Juridiske oplysninger',
  recipients: 'Modtagere',
  necessary: {
    name: 'Strengt nødvendige',
    about: 'Får indkøbskurven, betalingen og dette valg til at fungere.',
    always: 'Altid slået til',
  },
  purposes: {
    analytics: {
      name: 'Statistik',
      about: 'Tæller besøg og viser os, hvilke sider og produkter der bruges.',
    },
    personalization: {
      name: 'Personalisering',
      about: 'Tilpasser butikken og dens annoncer til det, du har set på.',
    },
    marketing: {
      name: 'Markedsføring',
      about: 'Måler, hvilke annoncer og beskeder der fører folk til butikken.',
    },
    third_party_sharing: {
      name: 'Deling med annonceplatforme',
      about: 'Fortæller annonceplatforme om ordrer og besøg, med ulæseliggjorte (hashede) kontaktoplysninger.',
    },
  },
  embed: {
    title: 'Indhold fra {host}',
    about: 'Når det indlæses, får udbyderen blandt andet din IP-adresse. Det kræver din tilladelse til: {purposes}. »Tillad altid« giver den for hele butikken.',
    once: 'Indlæs én gang',
    always: 'Tillad altid',
  },
};

export default texts;
