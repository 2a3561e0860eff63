import type { BannerTexts } from '../types.js';

/** Brazilian Portuguese texts. */
const texts: BannerTexts = {
  lang: 'pt-BR',
  title: 'Seus dados, sua escolha',
  intro: 'Com a sua permissão, medimos como esta loja é usada, a adaptamos a você e informamos às plataformas de anúncios quais anúncios levaram a um pedido. Você pode recusar e mudar de ideia a qualquer momento.',
  acceptAll: 'Aceitar tudo',
  rejectAll: 'Rejeitar tudo',
  choose: 'Escolher',
  preferences: 'Configurações de privacidade',
  privacyChoices: 'Suas opções de privacidade',
  preferencesIntro: 'Decida para cada finalidade. Nada é usado para uma finalidade sem a sua permissão.',
  privacyChoicesIntro: 'Desmarque uma caixa para se opor a esse uso dos seus dados.',
  save: 'Salvar escolhas',
  close: 'Fechar sem salvar',
  saved: 'Sua escolha foi salva.',
  failed: 'Não foi possível salvar sua escolha. Tente novamente.',
  gpcNotice: 'Seu navegador envia um sinal Global Privacy Control, por isso seus dados não são compartilhados com terceiros, mesmo que você aceite tudo. Só marcando essa finalidade e salvando você permite isso.',
  gpcConflict: 'Isso contraria o sinal Global Privacy Control do seu navegador. Se você confirmar, permite que esta loja compartilhe seus dados apesar do sinal.',
  optOutHonoured: 'Pedido de oposição respeitado',
  privacyPolicy: 'Política de privacidade',
  imprint: 'Informações legais',
  recipients: 'Destinatários',
  necessary: {
    name: 'Estritamente necessários',
    about: 'Fazem o carrinho, o pagamento e esta escolha funcionarem.',
    always: 'Sempre ativos',
  },
  purposes: {
    analytics: {
      name: 'Estatísticas',
      about: 'Contam as visitas e nos mostram quais páginas e produtos são usados.',
    },
    personalization: {
      name: 'Personalização',
      about: 'Adapta a loja e seus anúncios ao que você viu.',
    },
    marketing: {
      name: 'Marketing',
      about: 'Mede quais anúncios e mensagens trazem pessoas à loja.',
    },
    third_party_sharing: {
      name: 'Compartilhamento com plataformas de anúncios',
      about: 'Informa pedidos e visitas às plataformas de anúncios, com dados de contato tornados ilegíveis (hash).',
    },
  },
  embed: {
    title: 'Conteúdo de {host}',
    about: 'Ao carregar, esse provedor recebe, entre outros dados, seu endereço IP. É necessária a sua permissão para: {purposes}. “Permitir sempre” vale para toda a loja.',
    once: 'Carregar uma vez',
    always: 'Permitir sempre',
  },
};

export default texts;
