import type { BannerTexts } from '../types.js';

/** Polish texts. */
const texts: BannerTexts = {
  lang: 'pl',
  title: 'Twoje dane, Twój wybór',
  intro: 'Za Twoją zgodą mierzymy, jak używany jest ten sklep, dopasowujemy go do Ciebie i przekazujemy platformom reklamowym, które reklamy doprowadziły do zamówienia. Możesz odmówić i w każdej chwili zmienić zdanie.',
  acceptAll: 'Zaakceptuj wszystko',
  rejectAll: 'Odrzuć wszystko',
  choose: 'Wybierz',
  preferences: 'Ustawienia prywatności',
  privacyChoices: 'Twoje opcje prywatności',
  preferencesIntro: 'Zdecyduj osobno o każdym celu. Bez Twojej zgody nie używamy do niego żadnych danych.',
  privacyChoicesIntro: 'Usuń zaznaczenie, aby sprzeciwić się takiemu wykorzystaniu Twoich danych.',
  save: 'Zapisz wybór',
  close: 'Zamknij bez zapisywania',
  saved: 'Twój wybór został zapisany.',
  failed: 'Nie udało się zapisać Twojego wyboru. Spróbuj ponownie.',
  gpcNotice: 'Twoja przeglądarka wysyła sygnał Global Privacy Control, dlatego Twoje dane nie są udostępniane podmiotom trzecim, nawet jeśli zaakceptujesz wszystko. Pozwoli na to tylko zaznaczenie tego celu i zapisanie wyboru.',
  gpcConflict: 'Jest to sprzeczne z sygnałem Global Privacy Control Twojej przeglądarki. Potwierdzając, pozwalasz temu sklepowi udostępniać Twoje dane mimo tego sygnału.',
  optOutHonoured: 'Sprzeciw został uwzględniony',
  privacyPolicy: 'Polityka prywatności',
  imprint: 'Informacje prawne',
  recipients: 'Odbiorcy',
  necessary: {
    name: 'Niezbędne',
    about: 'Dzięki nim działają koszyk, kasa i ten wybór.',
    always: 'Zawsze aktywne',
  },
  purposes: {
    analytics: {
      name: 'Statystyka',
      about: 'Zlicza wizyty i pokazuje nam, które strony i produkty są oglądane.',
    },
    personalization: {
      name: 'Personalizacja',
      about: 'Dopasowuje sklep i jego reklamy do tego, co oglądasz.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Mierzy, które reklamy i wiadomości przyciągają ludzi do sklepu.',
    },
    third_party_sharing: {
      name: 'Udostępnianie platformom reklamowym',
      about: 'Przekazuje platformom reklamowym informacje o zamówieniach i wizytach, z zaszyfrowanymi jednokierunkowo (haszowanymi) danymi kontaktowymi.',
    },
  },
  embed: {
    title: 'Treść z serwisu {host}',
    about: 'Po jej wczytaniu dostawca pozna między innymi Twój adres IP. Potrzebna jest Twoja zgoda na: {purposes}. „Zawsze zezwalaj” udziela jej dla całego sklepu.',
    once: 'Wczytaj raz',
    always: 'Zawsze zezwalaj',
  },
};

export default texts;
