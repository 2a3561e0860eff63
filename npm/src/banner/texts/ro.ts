import type { BannerTexts } from '../types.js';

/** Romanian texts. */
const texts: BannerTexts = {
  lang: 'ro',
  title: 'Datele dvs., alegerea dvs.',
  intro: 'Cu permisiunea dvs. măsurăm cum este folosit acest magazin, îl adaptăm pentru dvs. și comunicăm platformelor de publicitate ce reclame au dus la o comandă. Puteți refuza și vă puteți răzgândi oricând.',
  acceptAll: 'Acceptați tot',
  rejectAll: 'Refuzați tot',
  choose: 'Alegeți',
  preferences: 'Setări de confidențialitate',
  privacyChoices: 'Opțiunile dvs. de confidențialitate',
  preferencesIntro: 'Decideți pentru fiecare scop. Nimic nu este folosit pentru un scop fără permisiunea dvs.',
  privacyChoicesIntro: 'Debifați o casetă pentru a vă opune acelei utilizări a datelor dvs.',
  save: 'Salvați opțiunile',
  close: 'Închideți fără a salva',
  saved: 'Alegerea dvs. a fost salvată.',
  failed: 'Alegerea dvs. nu a putut fi salvată. Încercați din nou.',
  gpcNotice: 'Browserul dvs. trimite un semnal Global Privacy Control, de aceea datele dvs. nu sunt partajate cu terți, chiar dacă acceptați tot. Doar bifarea acestui scop și salvarea ar permite acest lucru.',
  gpcConflict: 'Acest lucru contravine semnalului Global Privacy Control al browserului dvs. Dacă confirmați, permiteți acestui magazin să vă partajeze datele în ciuda semnalului.',
  optOutHonoured: 'Cererea de opoziție este respectată',
  privacyPolicy: 'Politica de confidențialitate',
  imprint: 'Informații legale',
  recipients: 'Destinatari',
  necessary: {
    name: 'Strict necesare',
    about: 'Fac să funcționeze coșul, plata și această alegere.',
    always: 'Mereu active',
  },
  purposes: {
    analytics: {
      name: 'Statistici',
      about: 'Numără vizitele și ne arată ce pagini și produse sunt folosite.',
    },
    personalization: {
      name: 'Personalizare',
      about: 'Adaptează magazinul și reclamele sale la ceea ce ați vizualizat.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Măsoară ce reclame și mesaje aduc oameni în magazin.',
    },
    third_party_sharing: {
      name: 'Partajare cu platforme de publicitate',
      about: 'Comunică platformelor de publicitate comenzile și vizitele, cu date de contact făcute ilizibile (hash).',
    },
  },
  embed: {
    title: 'Conținut de la {host}',
    about: 'La încărcare, acest furnizor află, printre altele, adresa dvs. IP. Este nevoie de permisiunea dvs. pentru: {purposes}. „Permiteți mereu” o acordă pentru tot magazinul.',
    once: 'Încărcați o dată',
    always: 'Permiteți mereu',
  },
};

export default texts;
