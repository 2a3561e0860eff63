import type { BannerTexts } from '../types.js';

/** French texts. */
const texts: BannerTexts = {
  lang: 'fr',
  title: 'Vos données, votre choix',
  intro: 'Avec votre accord, nous mesurons l’utilisation de cette boutique, nous l’adaptons à vous et nous indiquons aux plateformes publicitaires quelles annonces ont conduit à une commande. Vous pouvez refuser et changer d’avis à tout moment.',
  acceptAll: 'Tout accepter',
  rejectAll: 'Tout refuser',
  choose: 'Choisir',
  preferences: 'Paramètres de confidentialité',
  privacyChoices: 'Vos choix de confidentialité',
  preferencesIntro: 'Décidez pour chaque finalité. Rien n’est utilisé pour une finalité sans votre accord.',
  privacyChoicesIntro: 'Décochez une case pour vous opposer à cette utilisation de vos données.',
  save: 'Enregistrer mes choix',
  close: 'Fermer sans enregistrer',
  saved: 'Votre choix a été enregistré.',
  failed: 'Votre choix n’a pas pu être enregistré. Veuillez réessayer.',
  gpcNotice: 'Votre navigateur envoie un signal Global Privacy Control : vos données ne sont donc pas partagées avec des tiers, même si vous acceptez tout. Seul le fait de cocher cette finalité et d’enregistrer l’autoriserait.',
  gpcConflict: 'Ce choix va à l’encontre du signal Global Privacy Control de votre navigateur. En confirmant ce choix, vous autorisez cette boutique à partager vos données malgré ce signal.',
  optOutHonoured: 'Demande d’opposition prise en compte',
  privacyPolicy: 'Politique de confidentialité',
  imprint: 'Mentions légales',
  recipients: 'Destinataires',
  necessary: {
    name: 'Strictement nécessaires',
    about: 'Font fonctionner le panier, le paiement et ce choix.',
    always: 'Toujours actifs',
  },
  purposes: {
    analytics: {
      name: 'Statistiques',
      about: 'Comptent les visites et nous montrent quelles pages et quels produits sont consultés.',
    },
    personalization: {
      name: 'Personnalisation',
      about: 'Adapte la boutique et ses annonces à ce que vous avez consulté.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Mesure quelles annonces et quels messages amènent des visiteurs dans la boutique.',
    },
    third_party_sharing: {
      name: 'Partage avec des plateformes publicitaires',
      about: 'Transmet aux plateformes publicitaires les commandes et les visites, avec des coordonnées rendues illisibles (hachées).',
    },
  },
  embed: {
    title: 'Contenu de {host}',
    about: 'Le chargement transmet notamment votre adresse IP à ce fournisseur. Votre accord est nécessaire pour : {purposes}. « Toujours autoriser » le donne pour toute la boutique.',
    once: 'Charger une fois',
    always: 'Toujours autoriser',
  },
};

export default texts;
