import type { BannerTexts } from '../types.js';

/** Norwegian texts. */
const texts: BannerTexts = {
  lang: 'nb',
  title: 'Dine data, ditt valg',
  intro: 'Med din tillatelse måler vi hvordan butikken brukes, tilpasser den til deg og forteller annonseplattformer hvilke annonser som førte til en bestilling. Du kan si nei og ombestemme deg når som helst.',
  acceptAll: 'Godta alle',
  rejectAll: 'Avvis alle',
  choose: 'Velg',
  preferences: 'Personverninnstillinger',
  privacyChoices: 'Dine personvernvalg',
  preferencesIntro: 'Bestem for hvert formål. Ingenting brukes til et formål uten din tillatelse.',
  privacyChoicesIntro: 'Fjern et avkryssingsmerke for å si nei til den bruken av dine data.',
  save: 'Lagre valg',
  close: 'Lukk uten å lagre',
  saved: 'Valget ditt er lagret.',
  failed: 'Valget ditt kunne ikke lagres. Prøv igjen.',
  gpcNotice: 'Nettleseren din sender et Global Privacy Control-signal. Derfor deles ikke dataene dine med tredjeparter, selv om du godtar alle. Bare hvis du krysser av for dette formålet og lagrer, tillater du det.',
  gpcConflict: 'Dette strider mot Global Privacy Control-signalet fra nettleseren din. Hvis du bekrefter dette, tillater du at butikken deler dataene dine på tross av signalet.',
  optOutHonoured: 'Reservasjonen din er fulgt opp',
  privacyPolicy: 'Personvernerklæring',
  imprint: 'Juridisk informasjon',
  recipients: 'Mottakere',
  necessary: {
    name: 'Strengt nødvendige',
    about: 'Får handlekurven, kassen og dette valget til å fungere.',
    always: 'Alltid på',
  },
  purposes: {
    analytics: {
      name: 'Statistikk',
      about: 'Teller besøk og viser oss hvilke sider og produkter som brukes.',
    },
    personalization: {
      name: 'Personlig tilpasning',
      about: 'Tilpasser butikken og annonsene til det du har sett på.',
    },
    marketing: {
      name: 'Markedsføring',
      about: 'Måler hvilke annonser og meldinger som får folk til butikken.',
    },
    third_party_sharing: {
      name: 'Deling med annonseplattformer',
      about: 'Forteller annonseplattformer om bestillinger og besøk, med uleseliggjorte (hashede) kontaktopplysninger.',
    },
  },
  embed: {
    title: 'Innhold fra {host}',
    about: 'Når det lastes inn, får leverandøren blant annet IP-adressen din. Det krever din tillatelse til: {purposes}. «Tillat alltid» gir den for hele butikken.',
    once: 'Last inn én gang',
    always: 'Tillat alltid',
  },
};

export default texts;
