//! Which hosts are search engines, social networks, shopping sites, video sites and AI assistants.
//!
//! Sources: the Matomo lists (matomo-org/searchengine-and-social-list, CC0-1.0) and the kinds of Google's source categories. Sites that use
//! one name under many country domains (`google.co.uk`) are listed by that name; everything else by the domain that is theirs.

/// What a referring site is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Site {
    Search,
    Social,
    Shopping,
    Video,
    Ai,
    Mail,
}

/// Finds a referring host's kind: the longest listed suffix on a label boundary, never a substring.
pub(super) fn site_of(host: &str) -> Option<Site> {
    let host = host.strip_suffix('.').unwrap_or(host);
    let mut suffix = host;
    loop {
        if let Some(site) = listed(suffix).or_else(|| international(suffix)) {
            return Some(site);
        }
        suffix = suffix.split_once('.')?.1;
    }
}

/// Finds the kind of a campaign source: a host, or a bare name (`google`, `facebook`, `ig`).
pub(super) fn site_of_source(source: &str) -> Option<Site> {
    if source.contains('.') {
        return site_of(source);
    }
    let by_name =
        |(names, site): &(&str, Site)| names.split(' ').any(|n| n == source).then_some(*site);
    NAMES.iter().find_map(by_name)
}

/// Kind by address where the host alone does not tell.
pub(super) fn site_of_path(host: &str, path: &str) -> Option<Site> {
    let is_grok = host == "x.com" && (path == "/i/grok" || path.starts_with("/i/grok/"));
    is_grok.then_some(Site::Ai)
}

fn listed(domain: &str) -> Option<Site> {
    let at = HOSTS
        .binary_search_by(|(known, _)| (*known).cmp(domain))
        .ok()?;
    HOSTS.get(at).map(|(_, site)| *site)
}

/// `google.de`, `google.co.uk`, `amazon.com.br`: a known name, then a country (or `com`) alone or after `co`, `com`.
fn international(domain: &str) -> Option<Site> {
    let (name, rest) = domain.split_once('.')?;
    let is_country =
        |label: &str| label.len() == 2 && label.bytes().all(|b| b.is_ascii_lowercase());
    let is_public = match rest.split_once('.') {
        None => rest == "com" || is_country(rest),
        Some((second, country)) => matches!(second, "co" | "com") && is_country(country),
    };
    let by_name = |(known, site): &(&str, Site)| (*known == name).then_some(*site);
    if is_public {
        INTERNATIONAL.iter().find_map(by_name)
    } else {
        None
    }
}

const INTERNATIONAL: [(&str, Site); 8] = [
    ("google", Site::Search),
    ("yahoo", Site::Search),
    ("bing", Site::Search),
    ("yandex", Site::Search),
    ("amazon", Site::Shopping),
    ("ebay", Site::Shopping),
    ("mercadolibre", Site::Shopping),
    ("mercadolivre", Site::Shopping),
];

/// Names that campaign sources use instead of a host.
const NAMES: [(&str, Site); 5] = [
    (
        "google bing yahoo yandex baidu duckduckgo ecosia naver seznam qwant startpage brave sogou adwords googleads msn microsoft",
        Site::Search,
    ),
    (
        "facebook fb instagram ig meta tiktok twitter x linkedin pinterest reddit snapchat threads whatsapp telegram tumblr vk quora \
      facebookads instagramads tiktokads line wechat weibo discord bluesky mastodon nextdoor messenger",
        Site::Social,
    ),
    (
        "amazon ebay etsy walmart alibaba aliexpress shopzilla shopping idealo google_shopping googleshopping shopify",
        Site::Shopping,
    ),
    (
        "youtube yt vimeo dailymotion twitch hulu netflix wistia",
        Site::Video,
    ),
    (
        "chatgpt openai gemini claude copilot grok deepseek perplexity mistral",
        Site::Ai,
    ),
];

#[rustfmt::skip]
static HOSTS: &[(&str, Site)] = {
    use Site::{Ai, Mail, Search, Shopping, Social, Video};
    &[
        ("500px.com", Social), ("ai.baidu.com", Ai), ("alibaba.com", Shopping), ("aliexpress.com", Shopping), ("allegro.pl", Shopping),
        ("alltheweb.com", Search), ("altavista.com", Search), ("ameba.jp", Social), ("ameblo.jp", Social), ("aol.com", Search),
        ("aport.ru", Search), ("app.jasper.ai", Ai), ("app.writesonic.com", Ai), ("ask.com", Search), ("atlas.sk", Search),
        ("auone.jp", Search), ("b.hatena.ne.jp", Social), ("babylon.com", Search), ("badoo.com", Social), ("baidu.com", Search),
        ("band.us", Social), ("bard.google.com", Ai), ("behance.net", Social), ("bestbuy.com", Shopping), ("biglobe.ne.jp", Search),
        ("bigmir.net", Search), ("bilibili.com", Video), ("billiger.de", Shopping), ("bing.net", Search), ("bitchute.com", Video),
        ("bizrate.com", Shopping), ("blogger.com", Social), ("bol.com", Shopping), ("bsky.app", Social), ("buff.ly", Social),
        ("busca.uol.com.br", Search), ("cdiscount.com", Shopping), ("ceneo.pl", Shopping), ("centrum.cz", Search), ("chat-gpt.org", Ai),
        ("chat.deepseek.com", Ai), ("chat.mistral.ai", Ai), ("chat.openai.com", Ai), ("chat.qwen.ai", Ai), ("chatglm.cn", Ai),
        ("chatgpt.com", Ai), ("chatplus.com", Ai), ("check24.de", Shopping), ("claude.ai", Ai), ("cn.bing.com", Search),
        ("coccoc.com", Search), ("com.anthropic.claude", Ai), ("com.facebook.katana", Social), ("com.google.android.apps.bard", Ai),
        ("com.google.android.gm", Mail), ("com.google.android.googlequicksearchbox", Search), ("com.google.android.youtube", Video),
        ("com.instagram.android", Social), ("com.linkedin.android", Social), ("com.openai.chatgpt", Ai), ("com.pinterest", Social),
        ("com.reddit.frontpage", Social), ("com.slack", Social), ("com.snapchat.android", Social), ("com.twitter.android", Social),
        ("com.whatsapp", Social), ("com.zhiliaoapp.musically", Social), ("copilot.microsoft.com", Ai), ("costco.com", Shopping),
        ("coupang.com", Shopping), ("crackle.com", Video), ("cse.google.com", Search), ("cyworld.com", Social), ("dai.ly", Video),
        ("dailymotion.com", Video), ("daum.net", Search), ("deepseek.com", Ai), ("delicious.com", Social), ("depop.com", Shopping),
        ("deref-gmx.net", Mail), ("deref-mail.com", Mail), ("deref-web.de", Mail), ("deviantart.com", Social), ("digg.com", Social),
        ("diigo.com", Social), ("discord.com", Social), ("discordapp.com", Social), ("disneyplus.com", Video), ("disqus.com", Social),
        ("dogpile.com", Search), ("douban.com", Social), ("douyin.com", Social), ("dribbble.com", Social), ("duck.ai", Ai),
        ("duckduckgo.com", Search), ("e.mail.ru", Mail), ("ecosia.org", Search), ("ekoru.org", Search), ("ello.co", Social),
        ("email.t-online.de", Mail), ("eniro.se", Search), ("etsy.com", Shopping), ("excite.co.jp", Search), ("excite.com", Search),
        ("facebook.com", Social), ("fark.com", Social), ("fb.com", Social), ("fb.me", Social), ("fireball.de", Search),
        ("flickr.com", Social), ("flipboard.com", Social), ("flipkart.com", Shopping), ("fnac.com", Shopping), ("foursquare.com", Social),
        ("free.fr", Search), ("freespoke.com", Search), ("gab.com", Social), ("galaxus.ch", Shopping), ("galaxus.de", Shopping),
        ("geizhals.at", Shopping), ("geizhals.de", Shopping), ("geizhals.eu", Shopping), ("gemini.google.com", Ai),
        ("getpocket.com", Social), ("gettr.com", Social), ("gibiru.com", Search), ("gigablast.com", Search), ("gmarket.co.kr", Shopping),
        ("go.bsky.app", Social), ("go.mail.ru", Search), ("goo.ne.jp", Search), ("goodreads.com", Social), ("gree.jp", Social),
        ("grok.com", Ai), ("groupon.com", Shopping), ("groups.google.com", Social), ("guenstiger.de", Shopping), ("haosou.com", Search),
        ("hatena.ne.jp", Social), ("hepsiburada.com", Shopping), ("heureka.cz", Shopping), ("heureka.sk", Shopping), ("hi5.com", Social),
        ("homedepot.com", Shopping), ("hootsuite.com", Social), ("hulu.com", Video), ("i.ua", Search), ("iask.ai", Ai),
        ("idealo.at", Shopping), ("idealo.co.uk", Shopping), ("idealo.de", Shopping), ("idealo.es", Shopping), ("idealo.fr", Shopping),
        ("idealo.it", Shopping), ("incredimail.com", Search), ("info.com", Search), ("instagram.com", Social), ("instapaper.com", Social),
        ("iqiyi.com", Video), ("ixquick.com", Search), ("jd.com", Shopping), ("kagi.com", Search), ("kakao.com", Social),
        ("karmasearch.org", Search), ("kaufland.de", Shopping), ("kelkoo.co.uk", Shopping), ("kelkoo.com", Shopping),
        ("kelkoo.fr", Shopping), ("kick.com", Video), ("kuaishou.com", Social), ("kvasir.no", Search), ("l.facebook.com", Social),
        ("l.instagram.com", Social), ("l.messenger.com", Social), ("l.threads.com", Social), ("l.threads.net", Social),
        ("labs.openai.com", Ai), ("last.fm", Social), ("lazada.com", Shopping), ("leguide.com", Shopping), ("lemoteur.orange.fr", Search),
        ("libero.it", Search), ("lilo.org", Search), ("line.me", Social), ("linkedin.com", Social), ("linktr.ee", Social),
        ("live.com", Search), ("livejournal.com", Social), ("lm.facebook.com", Social), ("lnk.bio", Social), ("lnkd.in", Social),
        ("looksmart.com", Search), ("lowes.com", Shopping), ("lycos.com", Search), ("m.facebook.com", Social), ("m.youtube.com", Video),
        ("mail.163.com", Mail), ("mail.aol.com", Mail), ("mail.google.com", Mail), ("mail.proton.me", Mail), ("mail.qq.com", Mail),
        ("mail.ru", Mail), ("mail.yahoo.co.jp", Mail), ("mail.yahoo.com", Mail), ("mail.yandex.ru", Mail), ("mamma.com", Search),
        ("mas.to", Social), ("mastodon.online", Social), ("mastodon.social", Social), ("medium.com", Social), ("meetup.com", Social),
        ("mercari.com", Shopping), ("messenger.com", Social), ("meta.ai", Ai), ("meta.ua", Search), ("metacafe.com", Video),
        ("metacrawler.com", Search), ("metager.de", Search), ("metager.org", Search), ("mewe.com", Social), ("minds.com", Social),
        ("mix.com", Social), ("mixi.jp", Social), ("mobage.com", Social), ("mojeek.com", Search), ("msn.com", Search),
        ("mstdn.social", Social), ("my.mail.ru", Social), ("mysearch.com", Search), ("myspace.com", Social), ("mywebsearch.com", Search),
        ("najdi.si", Search), ("naver.com", Search), ("navigator-bs.gmx.net", Mail), ("navigator.gmx.net", Mail), ("neeva.com", Search),
        ("netflix.com", Video), ("netvibes.com", Social), ("newegg.com", Shopping), ("news.ycombinator.com", Social),
        ("nextag.com", Shopping), ("nextdoor.com", Social), ("nicovideo.jp", Video), ("nifty.com", Search), ("note.com", Social),
        ("notebooklm.google.com", Ai), ("nova.rambler.ru", Search), ("oceanhero.today", Search), ("odnoklassniki.ru", Social),
        ("odysee.com", Video), ("ok.ru", Social), ("onet.pl", Search), ("openai.com", Ai), ("orange.fr", Search),
        ("org.telegram.messenger", Social), ("org.telegram.plus", Social), ("orkut.com", Social), ("otto.de", Shopping),
        ("out.reddit.com", Social), ("outlook.live.com", Mail), ("outlook.office.com", Mail), ("outlook.office365.com", Mail),
        ("overstock.com", Shopping), ("ow.ly", Social), ("ozon.ru", Shopping), ("parler.com", Social), ("patreon.com", Social),
        ("peertube.tv", Video), ("perplexity.ai", Ai), ("pesquisa.sapo.pt", Search), ("petalsearch.com", Search), ("pin.it", Social),
        ("pinterest.at", Social), ("pinterest.ca", Social), ("pinterest.ch", Social), ("pinterest.cl", Social),
        ("pinterest.co.kr", Social), ("pinterest.co.uk", Social), ("pinterest.com", Social), ("pinterest.com.au", Social),
        ("pinterest.com.mx", Social), ("pinterest.de", Social), ("pinterest.dk", Social), ("pinterest.es", Social),
        ("pinterest.fr", Social), ("pinterest.ie", Social), ("pinterest.it", Social), ("pinterest.jp", Social), ("pinterest.nz", Social),
        ("pinterest.ph", Social), ("pinterest.pt", Social), ("pinterest.ru", Social), ("pinterest.se", Social),
        ("player.vimeo.com", Video), ("plurk.com", Social), ("plus.google.com", Social), ("pocket.co", Social),
        ("poshmark.com", Shopping), ("presearch.com", Search), ("presearch.org", Search), ("pricegrabber.com", Shopping),
        ("pricerunner.com", Shopping), ("pricerunner.dk", Shopping), ("pricerunner.se", Shopping), ("prisjakt.no", Shopping),
        ("prisjakt.nu", Shopping), ("quintura.ru", Search), ("quora.com", Social), ("qwant.com", Search), ("qzone.qq.com", Social),
        ("rakuten.co.jp", Shopping), ("rakuten.com", Shopping), ("rambler.ru", Search), ("redd.it", Social), ("reddit.com", Social),
        ("renren.com", Social), ("ricerca.virgilio.it", Search), ("rumble.com", Video), ("rutube.ru", Video), ("sapo.pt", Search),
        ("scoop.it", Social), ("search-results.com", Search), ("search.aol.com", Search), ("search.auone.jp", Search),
        ("search.babylon.com", Search), ("search.brave.com", Search), ("search.ch", Search), ("search.com", Search),
        ("search.conduit.com", Search), ("search.daum.net", Search), ("search.free.fr", Search), ("search.goo.ne.jp", Search),
        ("search.lilo.org", Search), ("search.msn.com", Search), ("search.naver.com", Search), ("search.rakuten.co.jp", Search),
        ("search.seznam.cz", Search), ("search.smt.docomo.ne.jp", Search), ("search.sweetim.com", Search), ("search.tut.by", Search),
        ("search.yippy.com", Search), ("searchencrypt.com", Search), ("sesam.no", Search), ("seznam.cz", Search), ("shop.app", Shopping),
        ("shopbot.ca", Shopping), ("shopee.com", Shopping), ("shopify.com", Shopping), ("shopping.com", Shopping),
        ("shopping.google.com", Shopping), ("shopping.naver.com", Shopping), ("shopping.yahoo.co.jp", Shopping),
        ("shopping.yahoo.com", Shopping), ("shopzilla.com", Shopping), ("skroutz.gr", Shopping), ("skyrock.com", Social),
        ("slack.com", Social), ("slashdot.org", Social), ("slickdeals.net", Shopping), ("sm.cn", Search), ("snapchat.com", Social),
        ("so.com", Search), ("sogou.com", Search), ("soundcloud.com", Social), ("sputnik.ru", Search), ("stackexchange.com", Social),
        ("stackoverflow.com", Social), ("startpage.com", Search), ("story.kakao.com", Social), ("strava.com", Social),
        ("stripe.com", Shopping), ("stumbleupon.com", Social), ("substack.com", Social), ("suche.gmx.net", Search),
        ("suche.t-online.de", Search), ("suche.web.de", Search), ("swisscows.com", Search), ("szukaj.onet.pl", Search),
        ("szukaj.wp.pl", Search), ("t-online.de", Search), ("t.cn", Social), ("t.co", Social), ("t.me", Social), ("t.umblr.com", Social),
        ("tagged.com", Social), ("taobao.com", Shopping), ("target.com", Shopping), ("taringa.net", Social), ("ted.com", Video),
        ("telegram.org", Social), ("temu.com", Shopping), ("terra.com.br", Search), ("threads.com", Social), ("threads.net", Social),
        ("tiktok.com", Social), ("tmall.com", Shopping), ("toutiao.com", Search), ("trendyol.com", Shopping), ("tripadvisor.com", Social),
        ("trovaprezzi.it", Shopping), ("truthsocial.com", Social), ("tudou.com", Video), ("tuenti.com", Social), ("tumblr.com", Social),
        ("tut.by", Search), ("twenga.com", Shopping), ("twitch.tv", Video), ("twitter.com", Social), ("ukr.net", Search),
        ("untappd.com", Social), ("uol.com.br", Search), ("v.qq.com", Video), ("veoh.com", Video), ("viadeo.com", Social),
        ("video.google.com", Video), ("vimeo.com", Video), ("vinted.com", Shopping), ("vinted.de", Shopping), ("vinted.fr", Shopping),
        ("virgilio.it", Search), ("vk.com", Social), ("vkontakte.ru", Social), ("vm.tiktok.com", Social), ("wa.me", Social),
        ("walmart.com", Shopping), ("wattpad.com", Social), ("wayfair.com", Shopping), ("web.de", Search), ("web.telegram.org", Social),
        ("web.whatsapp.com", Social), ("webalta.ru", Search), ("webcrawler.com", Search), ("webmail.freenet.de", Mail),
        ("websearch.rakuten.co.jp", Search), ("wechat.com", Social), ("weibo.cn", Social), ("weibo.com", Social),
        ("weixin.qq.com", Social), ("whatsapp.com", Social), ("wildberries.ru", Shopping), ("wish.com", Shopping), ("wistia.com", Video),
        ("wistia.net", Video), ("wordpress.com", Social), ("workplace.com", Social), ("wp.pl", Search), ("x.com", Social),
        ("xiaohongshu.com", Social), ("xing.com", Social), ("ya.ru", Search), ("yahoo.co.jp", Search), ("yammer.com", Social),
        ("yandex.com.tr", Search), ("yelp.com", Social), ("yiyan.baidu.com", Ai), ("you.com", Search), ("youku.com", Video),
        ("youtu.be", Video), ("youtube-nocookie.com", Video), ("youtube.com", Video), ("zalando.com", Shopping), ("zalando.de", Shopping),
        ("zapmeta.com", Search), ("zhihu.com", Social), ("zoznam.sk", Search), ("zozo.jp", Shopping),
    ]
};

#[cfg(test)]
mod tests {
    use super::{HOSTS, Site, site_of};

    #[test]
    fn hosts_are_sorted_lower_case_and_all_found() {
        assert!(HOSTS.is_sorted_by(|(a, _), (b, _)| a < b));
        for (host, site) in HOSTS {
            assert_eq!(host.to_ascii_lowercase(), *host);
            assert_eq!(site_of(host), Some(*site), "{host}");
        }
    }

    #[test]
    fn a_longer_suffix_wins() {
        assert_eq!(site_of("www.gemini.google.com"), Some(Site::Ai));
        assert_eq!(site_of("www.google.com"), Some(Site::Search));
    }
}
