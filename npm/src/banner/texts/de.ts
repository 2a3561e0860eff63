import type { BannerTexts } from '../types.js';

/** German texts. */
const texts: BannerTexts = {
  lang: 'de',
  title: 'Ihre Daten, Ihre Entscheidung',
  intro: 'Mit Ihrer Erlaubnis messen wir, wie dieser Shop genutzt wird, passen ihn an Sie an und melden Werbeplattformen, welche Anzeigen zu einer Bestellung führten. Sie können ablehnen und Ihre Entscheidung jederzeit ändern.',
  acceptAll: 'Alle akzeptieren',
  rejectAll: 'Alle ablehnen',
  choose: 'Auswählen',
  preferences: 'Datenschutz-Einstellungen',
  privacyChoices: 'Ihre Datenschutz-Auswahl',
  preferencesIntro: 'Entscheiden Sie für jeden Zweck. Ohne Ihre Erlaubnis wird nichts dafür verwendet.',
  privacyChoicesIntro: 'Entfernen Sie einen Haken, um dieser Nutzung Ihrer Daten zu widersprechen.',
  save: 'Auswahl speichern',
  close: 'Schließen ohne zu speichern',
  saved: 'Ihre Auswahl wurde gespeichert.',
  failed: 'Ihre Auswahl konnte nicht gespeichert werden. Bitte versuchen Sie es noch einmal.',
  gpcNotice: 'Ihr Browser sendet ein Global-Privacy-Control-Signal; Ihre Daten werden daher nicht an Dritte weitergegeben, auch wenn Sie alles akzeptieren. Nur wenn Sie diesen Zweck ankreuzen und speichern, erlauben Sie es.',
  gpcConflict: 'Das widerspricht dem Global-Privacy-Control-Signal Ihres Browsers. Wenn Sie das bestätigen, erlauben Sie diesem Shop trotz des Signals, Ihre Daten weiterzugeben.',
  optOutHonoured: 'Widerspruch berücksichtigt',
  privacyPolicy: 'Datenschutzerklärung',
  imprint: 'Impressum',
  recipients: 'Empfänger',
  necessary: {
    name: 'Unbedingt erforderlich',
    about: 'Damit Warenkorb, Kasse und diese Auswahl funktionieren.',
    always: 'Immer aktiv',
  },
  purposes: {
    analytics: {
      name: 'Statistik',
      about: 'Zählt Besuche und zeigt uns, welche Seiten und Produkte genutzt werden.',
    },
    personalization: {
      name: 'Personalisierung',
      about: 'Passt den Shop und seine Anzeigen an das an, was Sie sich angesehen haben.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Misst, welche Anzeigen und Nachrichten Menschen in den Shop führen.',
    },
    third_party_sharing: {
      name: 'Weitergabe an Werbeplattformen',
      about: 'Meldet Werbeplattformen Bestellungen und Besuche, mit unkenntlich gemachten (gehashten) Kontaktdaten.',
    },
  },
  embed: {
    title: 'Inhalt von {host}',
    about: 'Beim Laden erfährt dieser Anbieter unter anderem Ihre IP-Adresse. Dafür ist Ihre Erlaubnis nötig für: {purposes}. „Immer erlauben“ erteilt sie für den ganzen Shop.',
    once: 'Einmal laden',
    always: 'Immer erlauben',
  },
};

export default texts;
