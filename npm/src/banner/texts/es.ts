import type { BannerTexts } from '../types.js';

/** Spanish texts. */
const texts: BannerTexts = {
  lang: 'es',
  title: 'Tus datos, tu decisión',
  intro: 'Con tu permiso medimos cómo se usa esta tienda, la adaptamos a ti y comunicamos a las plataformas publicitarias qué anuncios llevaron a un pedido. Puedes negarte y cambiar de opinión en cualquier momento.',
  acceptAll: 'Aceptar todo',
  rejectAll: 'Rechazar todo',
  choose: 'Elegir',
  preferences: 'Configuración de privacidad',
  privacyChoices: 'Tus opciones de privacidad',
  preferencesIntro: 'Decide para cada finalidad. No usamos nada para una finalidad sin tu permiso.',
  privacyChoicesIntro: 'Desmarca una casilla para oponerte a ese uso de tus datos.',
  save: 'Guardar selección',
  close: 'Cerrar sin guardar',
  saved: 'Tu elección se ha guardado.',
  failed: 'No se ha podido guardar tu elección. Inténtalo de nuevo.',
  gpcNotice: 'Tu navegador envía una señal Global Privacy Control, por lo que tus datos no se comparten con terceros aunque aceptes todo. Solo se permitiría si marcas esa finalidad y guardas.',
  gpcConflict: 'Esto contradice la señal Global Privacy Control de tu navegador. Si lo confirmas, permites que esta tienda comparta tus datos a pesar de la señal.',
  optOutHonoured: 'Solicitud de exclusión atendida',
  privacyPolicy: 'Política de privacidad',
  imprint: 'Aviso legal',
  recipients: 'Destinatarios',
  necessary: {
    name: 'Estrictamente necesario',
    about: 'Hace que funcionen la cesta, el pago y esta elección.',
    always: 'Siempre activo',
  },
  purposes: {
    analytics: {
      name: 'Estadísticas',
      about: 'Cuentan las visitas y nos muestran qué páginas y productos se usan.',
    },
    personalization: {
      name: 'Personalización',
      about: 'Adapta la tienda y sus anuncios a lo que has visto.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Mide qué anuncios y mensajes traen gente a la tienda.',
    },
    third_party_sharing: {
      name: 'Comunicación a plataformas publicitarias',
      about: 'Informa a las plataformas publicitarias de pedidos y visitas, con datos de contacto ilegibles (con hash).',
    },
  },
  embed: {
    title: 'Contenido de {host}',
    about: 'Al cargarlo, ese proveedor recibe, entre otros datos, tu dirección IP. Necesita tu permiso para: {purposes}. «Permitir siempre» lo da para toda la tienda.',
    once: 'Cargar una vez',
    always: 'Permitir siempre',
  },
};

export default texts;
