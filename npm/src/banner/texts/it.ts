import type { BannerTexts } from '../types.js';

/** Italian texts. */
const texts: BannerTexts = {
  lang: 'it',
  title: 'I tuoi dati, la tua scelta',
  intro: 'Con il tuo consenso misuriamo come viene usato questo negozio, lo adattiamo a te e comunichiamo alle piattaforme pubblicitarie quali annunci hanno portato a un ordine. Puoi rifiutare e cambiare idea in qualsiasi momento.',
  acceptAll: 'Accetta tutto',
  rejectAll: 'Rifiuta tutto',
  choose: 'Scegli',
  preferences: 'Impostazioni sulla privacy',
  privacyChoices: 'Le tue scelte sulla privacy',
  preferencesIntro: 'Decidi per ogni finalità. Senza il tuo consenso nulla viene usato per quella finalità.',
  privacyChoicesIntro: 'Togli una spunta per opporti a quell’uso dei tuoi dati.',
  save: 'Salva le scelte',
  close: 'Chiudi senza salvare',
  saved: 'La tua scelta è stata salvata.',
  failed: 'Non è stato possibile salvare la tua scelta. Riprova.',
  gpcNotice: 'Il tuo browser invia un segnale Global Privacy Control: i tuoi dati quindi non vengono condivisi con terzi, anche se accetti tutto. Solo selezionando questa finalità e salvando lo consentiresti.',
  gpcConflict: 'Questo contraddice il segnale Global Privacy Control del tuo browser. Se confermi, consenti a questo negozio di condividere i tuoi dati nonostante il segnale.',
  optOutHonoured: 'Richiesta di opposizione accolta',
  privacyPolicy: 'Informativa sulla privacy',
  imprint: 'Note legali',
  recipients: 'Destinatari',
  necessary: {
    name: 'Strettamente necessari',
    about: 'Fanno funzionare il carrello, la cassa e questa scelta.',
    always: 'Sempre attivi',
  },
  purposes: {
    analytics: {
      name: 'Statistiche',
      about: 'Contano le visite e ci mostrano quali pagine e prodotti vengono usati.',
    },
    personalization: {
      name: 'Personalizzazione',
      about: 'Adatta il negozio e i suoi annunci a ciò che hai guardato.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Misura quali annunci e messaggi portano persone nel negozio.',
    },
    third_party_sharing: {
      name: 'Condivisione con piattaforme pubblicitarie',
      about: 'Comunica alle piattaforme pubblicitarie ordini e visite, con dati di contatto resi illeggibili (hash).',
    },
  },
  embed: {
    title: 'Contenuto di {host}',
    about: 'Caricandolo, questo fornitore riceve tra l’altro il tuo indirizzo IP. Serve il tuo consenso per: {purposes}. «Consenti sempre» lo dà per tutto il negozio.',
    once: 'Carica una volta',
    always: 'Consenti sempre',
  },
};

export default texts;
