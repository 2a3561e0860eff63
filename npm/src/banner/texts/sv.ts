import type { BannerTexts } from '../types.js';

/** Swedish texts. */
const texts: BannerTexts = {
  lang: 'sv',
  title: 'Dina uppgifter, ditt val',
  intro: 'Med din tillåtelse mäter vi hur butiken används, anpassar den efter dig och berättar för annonsplattformar vilka annonser som ledde till en beställning. Du kan säga nej och ändra dig när som helst.',
  acceptAll: 'Godkänn alla',
  rejectAll: 'Avvisa alla',
  choose: 'Välj',
  preferences: 'Integritetsinställningar',
  privacyChoices: 'Dina integritetsval',
  preferencesIntro: 'Bestäm för varje ändamål. Inget används för ett ändamål utan din tillåtelse.',
  privacyChoicesIntro: 'Ta bort en bock för att säga nej till den användningen av dina uppgifter.',
  save: 'Spara val',
  close: 'Stäng utan att spara',
  saved: 'Ditt val har sparats.',
  failed: 'Ditt val kunde inte sparas. Försök igen.',
  gpcNotice: 'Din webbläsare skickar en Global Privacy Control-signal. Dina uppgifter delas därför inte med tredje part, även om du godkänner alla. Bara om du bockar för det ändamålet och sparar tillåter du det.',
  gpcConflict: 'Det här går emot Global Privacy Control-signalen från din webbläsare. Om du bekräftar det tillåter du att butiken delar dina uppgifter trots signalen.',
  optOutHonoured: 'Din begäran om att slippa delning följs',
  privacyPolicy: 'Integritetspolicy',
  imprint: 'Juridisk information',
  recipients: 'Mottagare',
  necessary: {
    name: 'Nödvändiga',
    about: 'Får varukorgen, kassan och det här valet att fungera.',
    always: 'Alltid på',
  },
  purposes: {
    analytics: {
      name: 'Statistik',
      about: 'Räknar besök och visar oss vilka sidor och produkter som används.',
    },
    personalization: {
      name: 'Personanpassning',
      about: 'Anpassar butiken och dess annonser efter vad du har tittat på.',
    },
    marketing: {
      name: 'Marknadsföring',
      about: 'Mäter vilka annonser och meddelanden som leder folk till butiken.',
    },
    third_party_sharing: {
      name: 'Delning med annonsplattformar',
      about: 'Berättar för annonsplattformar om beställningar och besök, med oläsliga (hashade) kontaktuppgifter.',
    },
  },
  embed: {
    title: 'Innehåll från {host}',
    about: 'När det laddas får leverantören bland annat din IP-adress. Din tillåtelse behövs för: {purposes}. ”Tillåt alltid” ger den för hela butiken.',
    once: 'Ladda en gång',
    always: 'Tillåt alltid',
  },
};

export default texts;
