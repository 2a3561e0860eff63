import type { BannerTexts } from '../types.js';

/** Portuguese texts. */
const texts: BannerTexts = {
  lang: 'pt',
  title: 'Os seus dados, a sua escolha',
  intro: 'Com a sua autorização, medimos como esta loja é utilizada, adaptamo-la a si e comunicamos às plataformas de publicidade que anúncios levaram a uma encomenda. Pode recusar e mudar de ideias a qualquer momento.',
  acceptAll: 'Aceitar tudo',
  rejectAll: 'Rejeitar tudo',
  choose: 'Escolher',
  preferences: 'Definições de privacidade',
  privacyChoices: 'As suas opções de privacidade',
  preferencesIntro: 'Decida para cada finalidade. Nada é utilizado para uma finalidade sem a sua autorização.',
  privacyChoicesIntro: 'Desmarque uma caixa para se opor a essa utilização dos seus dados.',
  save: 'Guardar escolhas',
  close: 'Fechar sem guardar',
  saved: 'A sua escolha foi guardada.',
  failed: 'Não foi possível guardar a sua escolha. Tente novamente.',
  gpcNotice: 'O seu navegador envia um sinal Global Privacy Control, pelo que os seus dados não são partilhados com terceiros, mesmo que aceite tudo. Só selecionando esta finalidade e guardando é que o permite.',
  gpcConflict: 'Isto contraria o sinal Global Privacy Control do seu navegador. Se confirmar, permite que esta loja partilhe os seus dados apesar do sinal.',
  optOutHonoured: 'Pedido de oposição respeitado',
  privacyPolicy: 'Política de privacidade',
  imprint: 'Informação legal',
  recipients: 'Destinatários',
  necessary: {
    name: 'Estritamente necessários',
    about: 'Fazem funcionar o carrinho, o pagamento e esta escolha.',
    always: 'Sempre ativos',
  },
  purposes: {
    analytics: {
      name: 'Estatísticas',
      about: 'Contam as visitas e mostram-nos que páginas e produtos são utilizados.',
    },
    personalization: {
      name: 'Personalização',
      about: 'Adapta a loja e os seus anúncios ao que viu.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Mede que anúncios e mensagens trazem pessoas à loja.',
    },
    third_party_sharing: {
      name: 'Partilha com plataformas de publicidade',
      about: 'Comunica encomendas e visitas às plataformas de publicidade, com dados de contacto tornados ilegíveis (hash).',
    },
  },
  embed: {
    title: 'Conteúdo de {host}',
    about: 'Ao carregá-lo, este fornecedor recebe, entre outros dados, o seu endereço IP. É necessária a sua autorização para: {purposes}. «Permitir sempre» dá-a para toda a loja.',
    once: 'Carregar uma vez',
    always: 'Permitir sempre',
  },
};

export default texts;
