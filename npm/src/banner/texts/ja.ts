import type { BannerTexts } from '../types.js';

/** Japanese texts. */
const texts: BannerTexts = {
  lang: 'ja',
  title: 'あなたのデータ、あなたの選択',
  intro: 'お客様の許可があれば、当ショップの利用状況を測定し、内容をお客様に合わせ、どの広告がご注文につながったかを広告プラットフォームに伝えます。拒否することも、後からいつでも変更することもできます。',
  acceptAll: 'すべて許可する',
  rejectAll: 'すべて拒否する',
  choose: '選択する',
  preferences: 'プライバシー設定',
  privacyChoices: 'プライバシーに関する選択',
  preferencesIntro: '目的ごとにお選びください。許可されるまで、その目的には何も使用しません。',
  privacyChoicesIntro: 'データの利用を拒否する目的のチェックを外してください。',
  save: '選択を保存する',
  close: '保存せずに閉じる',
  saved: '選択を保存しました。',
  failed: '選択を保存できませんでした。もう一度お試しください。',
  gpcNotice: 'お使いのブラウザーは Global Privacy Control の信号を送信しています。そのため、すべて許可しても、データが第三者に共有されることはありません。この目的にチェックを入れて保存した場合にのみ共有されます。',
  gpcConflict: 'これはブラウザーの Global Privacy Control の信号に反する選択です。確定すると、信号にかかわらず、当ショップがデータを共有することを許可することになります。',
  optOutHonoured: 'オプトアウトの申し出を反映しました',
  privacyPolicy: 'プライバシーポリシー',
  imprint: '法的情報',
  recipients: '提供先',
  necessary: {
    name: '必要不可欠',
    about: 'カート、お支払い、この選択の動作に必要です。',
    always: '常に有効',
  },
  purposes: {
    analytics: {
      name: '統計',
      about: '訪問を数え、どのページや商品が利用されているかを把握します。',
    },
    personalization: {
      name: 'パーソナライズ',
      about: 'ご覧になった内容に合わせて、ショップと広告を調整します。',
    },
    marketing: {
      name: 'マーケティング',
      about: 'どの広告やメッセージがショップへの訪問につながったかを測定します。',
    },
    third_party_sharing: {
      name: '広告プラットフォームとの共有',
      about: 'ご注文と訪問を広告プラットフォームに伝えます。連絡先は判読できない形(ハッシュ)にします。',
    },
  },
  embed: {
    title: '{host} のコンテンツ',
    about: '読み込むと、IPアドレスなどが提供元に伝わります。次の目的の許可が必要です:{purposes}。「常に許可する」を選ぶと、ショップ全体で許可されます。',
    once: '一度だけ読み込む',
    always: '常に許可する',
  },
};

export default texts;
