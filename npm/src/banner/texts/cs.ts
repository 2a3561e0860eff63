import type { BannerTexts } from '../types.js';

/** Czech texts. */
const texts: BannerTexts = {
  lang: 'cs',
  title: 'Vaše údaje, vaše volba',
  intro: 'S vaším souhlasem měříme, jak se tento obchod používá, přizpůsobujeme ho vám a sdělujeme reklamním platformám, které reklamy vedly k objednávce. Můžete odmítnout a svou volbu kdykoli změnit.',
  acceptAll: 'Přijmout vše',
  rejectAll: 'Odmítnout vše',
  choose: 'Vybrat',
  preferences: 'Nastavení soukromí',
  privacyChoices: 'Vaše volby soukromí',
  preferencesIntro: 'Rozhodněte o každém účelu zvlášť. Bez vašeho souhlasu pro něj nic nepoužijeme.',
  privacyChoicesIntro: 'Zrušením zaškrtnutí odmítnete dané využití svých údajů.',
  save: 'Uložit volby',
  close: 'Zavřít bez uložení',
  saved: 'Vaše volba byla uložena.',
  failed: 'Vaši volbu se nepodařilo uložit. Zkuste to prosím znovu.',
  gpcNotice: 'Váš prohlížeč posílá signál Global Privacy Control, proto vaše údaje nesdílíme s třetími stranami, ani když přijmete vše. Povolíte to jen tím, že tento účel zaškrtnete a uložíte.',
  gpcConflict: 'To je v rozporu se signálem Global Privacy Control vašeho prohlížeče. Potvrzením tomuto obchodu dovolíte sdílet vaše údaje navzdory signálu.',
  optOutHonoured: 'Vaše odmítnutí respektujeme',
  privacyPolicy: 'Zásady ochrany osobních údajů',
  imprint: 'Právní informace',
  recipients: 'Příjemci',
  necessary: {
    name: 'Nezbytně nutné',
    about: 'Zajišťují fungování košíku, pokladny a této volby.',
    always: 'Vždy aktivní',
  },
  purposes: {
    analytics: {
      name: 'Statistika',
      about: 'Počítá návštěvy a ukazuje nám, které stránky a produkty se používají.',
    },
    personalization: {
      name: 'Personalizace',
      about: 'Přizpůsobuje obchod a jeho reklamy tomu, co jste si prohlíželi.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Měří, které reklamy a zprávy přivádějí lidi do obchodu.',
    },
    third_party_sharing: {
      name: 'Sdílení s reklamními platformami',
      about: 'Sděluje reklamním platformám objednávky a návštěvy, s kontaktními údaji v nečitelné podobě (hash).',
    },
  },
  embed: {
    title: 'Obsah z webu {host}',
    about: 'Při načtení se tento poskytovatel dozví mimo jiné vaši IP adresu. Je k tomu třeba váš souhlas pro: {purposes}. Volba „Vždy povolit“ ho udělí pro celý obchod.',
    once: 'Načíst jednou',
    always: 'Vždy povolit',
  },
};

export default texts;
