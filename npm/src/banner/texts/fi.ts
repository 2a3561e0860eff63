import type { BannerTexts } from '../types.js';

/** Finnish texts. */
const texts: BannerTexts = {
  lang: 'fi',
  title: 'Sinun tietosi, sinun valintasi',
  intro: 'Luvallasi mittaamme, miten kauppaa käytetään, mukautamme sitä sinulle ja kerromme mainosalustoille, mitkä mainokset johtivat tilaukseen. Voit kieltäytyä ja muuttaa mielesi milloin tahansa.',
  acceptAll: 'Hyväksy kaikki',
  rejectAll: 'Hylkää kaikki',
  choose: 'Valitse',
  preferences: 'Tietosuoja-asetukset',
  privacyChoices: 'Tietosuojavalintasi',
  preferencesIntro: 'Päätä jokaisesta käyttötarkoituksesta. Mitään ei käytetä ilman lupaasi.',
  privacyChoicesIntro: 'Poista valinta, jos et salli kyseistä tietojesi käyttöä.',
  save: 'Tallenna valinnat',
  close: 'Sulje tallentamatta',
  saved: 'Valintasi on tallennettu.',
  failed: 'Valintaasi ei voitu tallentaa. Yritä uudelleen.',
  gpcNotice: 'Selaimesi lähettää Global Privacy Control -signaalin, joten tietojasi ei jaeta kolmansille osapuolille, vaikka hyväksyisit kaiken. Jakaminen sallitaan vain, jos valitset tämän käyttötarkoituksen ja tallennat.',
  gpcConflict: 'Tämä on ristiriidassa selaimesi Global Privacy Control -signaalin kanssa. Jos vahvistat tämän, sallit kaupan jakaa tietojasi signaalista huolimatta.',
  optOutHonoured: 'Kieltosi on otettu huomioon',
  privacyPolicy: 'Tietosuojaseloste',
  imprint: 'Oikeudelliset tiedot',
  recipients: 'Vastaanottajat',
  necessary: {
    name: 'Välttämättömät',
    about: 'Pitävät ostoskorin, kassan ja tämän valinnan toiminnassa.',
    always: 'Aina käytössä',
  },
  purposes: {
    analytics: {
      name: 'Tilastot',
      about: 'Laskevat käynnit ja näyttävät meille, mitä sivuja ja tuotteita käytetään.',
    },
    personalization: {
      name: 'Personointi',
      about: 'Mukauttaa kauppaa ja sen mainoksia sen mukaan, mitä olet katsellut.',
    },
    marketing: {
      name: 'Markkinointi',
      about: 'Mittaa, mitkä mainokset ja viestit tuovat ihmisiä kauppaan.',
    },
    third_party_sharing: {
      name: 'Jakaminen mainosalustoille',
      about: 'Kertoo mainosalustoille tilauksista ja käynneistä; yhteystiedot on muutettu lukukelvottomiksi (tiivisteiksi).',
    },
  },
  embed: {
    title: 'Sisältö palvelusta {host}',
    about: 'Lataaminen paljastaa palveluntarjoajalle muun muassa IP-osoitteesi. Se vaatii lupasi käyttötarkoituksiin: {purposes}. ”Salli aina” antaa luvan koko kaupassa.',
    once: 'Lataa kerran',
    always: 'Salli aina',
  },
};

export default texts;
