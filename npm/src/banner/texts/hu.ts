import type { BannerTexts } from '../types.js';

/** Hungarian texts. */
const texts: BannerTexts = {
  lang: 'hu',
  title: 'Az Ön adatai, az Ön döntése',
  intro: 'Az Ön engedélyével mérjük, hogyan használják ezt az áruházat, Önhöz igazítjuk, és jelezzük a hirdetési platformoknak, mely hirdetések vezettek rendeléshez. Elutasíthatja, és döntését bármikor megváltoztathatja.',
  acceptAll: 'Összes elfogadása',
  rejectAll: 'Összes elutasítása',
  choose: 'Választás',
  preferences: 'Adatvédelmi beállítások',
  privacyChoices: 'Az Ön adatvédelmi döntései',
  preferencesIntro: 'Döntsön minden célról külön. Az Ön engedélye nélkül semmit sem használunk fel az adott célra.',
  privacyChoicesIntro: 'Törölje a jelölést, ha tiltakozik adatainak ilyen felhasználása ellen.',
  save: 'Választás mentése',
  close: 'Bezárás mentés nélkül',
  saved: 'A választását elmentettük.',
  failed: 'A választását nem sikerült elmenteni. Kérjük, próbálja újra.',
  gpcNotice: 'Böngészője Global Privacy Control jelzést küld, ezért adatait nem osztjuk meg harmadik felekkel, akkor sem, ha mindent elfogad. Ezt csak akkor engedélyezi, ha bejelöli ezt a célt, és ment.',
  gpcConflict: 'Ez ellentmond böngészője Global Privacy Control jelzésének. Ha megerősíti, a jelzés ellenére engedélyezi, hogy ez az áruház megossza az adatait.',
  optOutHonoured: 'Tiltakozását figyelembe vettük',
  privacyPolicy: 'Adatvédelmi tájékoztató',
  imprint: 'Impresszum',
  recipients: 'Címzettek',
  necessary: {
    name: 'Feltétlenül szükséges',
    about: 'Ezzel működik a kosár, a pénztár és ez a választás.',
    always: 'Mindig bekapcsolva',
  },
  purposes: {
    analytics: {
      name: 'Statisztika',
      about: 'Megszámolja a látogatásokat, és megmutatja, mely oldalakat és termékeket használják.',
    },
    personalization: {
      name: 'Személyre szabás',
      about: 'Ahhoz igazítja az áruházat és hirdetéseit, amit Ön megnézett.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Méri, mely hirdetések és üzenetek hoznak látogatókat az áruházba.',
    },
    third_party_sharing: {
      name: 'Megosztás hirdetési platformokkal',
      about: 'Jelzi a hirdetési platformoknak a rendeléseket és látogatásokat, felismerhetetlenné tett (hashelt) elérhetőségi adatokkal.',
    },
  },
  embed: {
    title: 'Tartalom innen: {host}',
    about: 'A betöltéssel a szolgáltató többek között az Ön IP-címét is megkapja. Ehhez az Ön engedélye szükséges a következőkre: {purposes}. Az „Engedélyezés mindig” az egész áruházra megadja.',
    once: 'Betöltés egyszer',
    always: 'Engedélyezés mindig',
  },
};

export default texts;
