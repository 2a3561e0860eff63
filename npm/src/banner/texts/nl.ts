import type { BannerTexts } from '../types.js';

/** Dutch texts. */
const texts: BannerTexts = {
  lang: 'nl',
  title: 'Jouw gegevens, jouw keuze',
  intro: 'Met jouw toestemming meten we hoe deze winkel wordt gebruikt, stemmen we hem op je af en melden we advertentieplatforms welke advertenties tot een bestelling hebben geleid. Je kunt weigeren en je keuze altijd wijzigen.',
  acceptAll: 'Alles accepteren',
  rejectAll: 'Alles weigeren',
  choose: 'Kiezen',
  preferences: 'Privacy-instellingen',
  privacyChoices: 'Jouw privacykeuzes',
  preferencesIntro: 'Beslis per doel. Zonder jouw toestemming gebruiken we er niets voor.',
  privacyChoicesIntro: 'Haal een vinkje weg om bezwaar te maken tegen dat gebruik van je gegevens.',
  save: 'Keuzes opslaan',
  close: 'Sluiten zonder op te slaan',
  saved: 'Je keuze is opgeslagen.',
  failed: 'Je keuze kon niet worden opgeslagen. Probeer het opnieuw.',
  gpcNotice: 'Je browser stuurt een Global Privacy Control-signaal. Daarom worden je gegevens niet met derden gedeeld, ook niet als je alles accepteert. Alleen als je dit doel aanvinkt en opslaat, sta je het toe.',
  gpcConflict: 'Dit gaat in tegen het Global Privacy Control-signaal van je browser. Als je dit bevestigt, mag deze winkel je gegevens ondanks het signaal delen.',
  optOutHonoured: 'Bezwaar verwerkt',
  privacyPolicy: 'Privacyverklaring',
  imprint: 'Juridische informatie',
  recipients: 'Ontvangers',
  necessary: {
    name: 'Strikt noodzakelijk',
    about: 'Zorgt dat de winkelwagen, het afrekenen en deze keuze werken.',
    always: 'Altijd aan',
  },
  purposes: {
    analytics: {
      name: 'Statistieken',
      about: 'Tellen bezoeken en laten ons zien welke pagina’s en producten worden gebruikt.',
    },
    personalization: {
      name: 'Personalisatie',
      about: 'Stemt de winkel en de advertenties af op wat je hebt bekeken.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Meet welke advertenties en berichten mensen naar de winkel brengen.',
    },
    third_party_sharing: {
      name: 'Delen met advertentieplatforms',
      about: 'Meldt bestellingen en bezoeken aan advertentieplatforms, met onleesbaar gemaakte (gehashte) contactgegevens.',
    },
  },
  embed: {
    title: 'Inhoud van {host}',
    about: 'Bij het laden krijgt deze aanbieder onder meer je IP-adres. Daarvoor is jouw toestemming nodig voor: {purposes}. Met ‘Altijd toestaan’ geef je die voor de hele winkel.',
    once: 'Eén keer laden',
    always: 'Altijd toestaan',
  },
};

export default texts;
