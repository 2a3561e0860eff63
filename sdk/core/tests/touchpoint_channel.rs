//! Channels, against the ordered table of Google Analytics and the host lists.
#![allow(clippy::unwrap_used)]

use firsthand_core::touchpoint::channel::{Channel, channel, channel_of};
use firsthand_core::touchpoint::{Touch, arrival};

fn of(page_query: &str, referrer: &str) -> Channel {
    let page = format!("https://shop.example/?{page_query}");
    channel(arrival(&page, referrer, &[], 0).as_ref())
}

#[test]
fn labels_decide_in_the_order_of_the_table() {
    use Channel as C;
    let table = [
        ("(direct)", "(none)", "", C::Direct),
        ("(direct)", "(not set)", "", C::Direct),
        ("google", "cpc", "Summer cross-network", C::CrossNetwork),
        ("amazon", "cpc", "", C::PaidShopping),
        ("google", "cpc", "shopping_de", C::PaidShopping),
        ("google", "cpc", "shop", C::PaidShopping),
        ("google", "cpc", "de-shop-1", C::PaidShopping),
        ("google", "cpc", "workshop", C::PaidSearch),
        ("google", "cpc", "eshop", C::PaidShopping),
        ("google", "cpc", "", C::PaidSearch),
        ("Google", "CPC", "", C::PaidSearch),
        ("google", "cpm", "", C::PaidSearch),
        ("facebook", "paid_social", "", C::PaidSocial),
        ("fb", "ppc", "", C::PaidSocial),
        ("youtube.com", "cpv", "", C::PaidVideo),
        ("youtube.com", "paidvideo", "", C::PaidVideo),
        ("newsite", "display", "", C::Display),
        ("newsite", "banner", "", C::Display),
        ("newsite", "cpm", "", C::Display),
        ("newsite", "cpc", "", C::PaidOther),
        ("newsite", "retargeting", "", C::PaidOther),
        ("ebay.de", "referral", "", C::OrganicShopping),
        ("newsite", "", "shopping", C::OrganicShopping),
        ("instagram", "story", "", C::OrganicSocial),
        ("newsite", "social-media", "", C::OrganicSocial),
        ("newsite", "sm", "", C::OrganicSocial),
        ("vimeo.com", "referral", "", C::OrganicVideo),
        ("newsite", "promo-video", "", C::OrganicVideo),
        ("bing", "referral", "", C::OrganicSearch),
        ("newsite", "organic", "", C::OrganicSearch),
        ("chatgpt.com", "ai-assistant", "", C::AiAssistant),
        ("chatgpt.com", "", "", C::AiAssistant),
        ("newsite", "referral", "", C::Referral),
        ("newsite", "app", "", C::Referral),
        ("newsite", "link", "", C::Referral),
        ("newsletter", "email", "", C::Email),
        ("e-mail", "newsletter", "", C::Email),
        ("partner", "affiliate", "", C::Affiliates),
        ("podcast", "audio", "", C::Audio),
        ("sms", "text", "", C::Sms),
        ("klaviyo", "sms", "", C::Sms),
        ("app", "web-push", "", C::MobilePushNotifications),
        ("app", "mobile-app", "", C::MobilePushNotifications),
        ("firebase", "fcm", "", C::MobilePushNotifications),
        ("newsite", "qr", "", C::Unassigned),
    ];
    for (source, medium, campaign, want) in table {
        let query = format!("utm_source={source}&utm_medium={medium}&utm_campaign={campaign}");
        assert_eq!(of(&query, ""), want, "{query}");
    }
}

#[test]
fn referrers_are_known_by_host_on_label_boundaries() {
    use Channel as C;
    let table = [
        ("https://www.google.com/", C::OrganicSearch),
        ("https://www.google.co.uk/", C::OrganicSearch),
        ("https://google.com.br/", C::OrganicSearch),
        ("https://www.google.evil.example/", C::Referral),
        ("https://notgoogle.com/", C::Referral),
        ("https://google.com.evil.example/", C::Referral),
        ("https://gemini.google.com/", C::AiAssistant),
        ("https://mail.google.com/", C::Email),
        ("https://shopping.google.com/", C::OrganicShopping),
        ("https://duckduckgo.com/", C::OrganicSearch),
        ("https://search.yahoo.com/", C::OrganicSearch),
        ("https://shopping.yahoo.com/", C::OrganicShopping),
        ("https://yandex.ru/", C::OrganicSearch),
        ("https://l.facebook.com/", C::OrganicSocial),
        ("https://t.co/x", C::OrganicSocial),
        ("https://x.com/someone", C::OrganicSocial),
        ("https://x.com/i/grok", C::AiAssistant),
        ("https://out.reddit.com/", C::OrganicSocial),
        ("https://de.pinterest.com/", C::OrganicSocial),
        ("https://m.youtube.com/watch", C::OrganicVideo),
        ("https://www.amazon.de/", C::OrganicShopping),
        ("https://chatgpt.com/", C::AiAssistant),
        ("https://www.perplexity.ai/", C::AiAssistant),
        (
            "android-app://com.google.android.googlequicksearchbox/",
            C::OrganicSearch,
        ),
        ("android-app://com.google.android.gm/", C::Email),
        ("https://blog.example/", C::Referral),
    ];
    for (referrer, want) in table {
        assert_eq!(of("", referrer), want, "{referrer}");
    }
    assert_eq!(channel(None), Channel::Direct);
}

#[test]
fn paid_click_ids_decide_before_labels() {
    use Channel as C;
    let table = [
        ("gclid=a", "https://www.google.com/", C::PaidSearch),
        (
            "gclid=a&utm_source=newsletter&utm_medium=email",
            "",
            C::PaidSearch,
        ),
        ("gbraid=a&utm_campaign=cross-network", "", C::CrossNetwork),
        ("gclid=a&utm_campaign=shopping", "", C::PaidShopping),
        ("gclid=a&utm_source=youtube", "", C::PaidVideo),
        ("dclid=a", "", C::Display),
        ("msclkid=a", "", C::PaidSearch),
        ("ttclid=E.C.P.a", "", C::PaidSocial),
        ("awc=1_2", "", C::Affiliates),
        ("fbclid=a", "https://l.facebook.com/", C::OrganicSocial),
        ("fbclid=a&utm_source=fb&utm_medium=paid", "", C::PaidSocial),
        ("srsltid=a", "https://www.google.com/", C::OrganicShopping),
        ("mc_cid=a", "", C::Email),
        (
            "utm_campaign=spring",
            "https://www.google.com/",
            C::OrganicSearch,
        ),
        ("utm_campaign=spring", "", C::Direct),
    ];
    for (query, referrer, want) in table {
        assert_eq!(of(query, referrer), want, "{query} {referrer}");
    }
}

#[test]
fn a_touch_made_elsewhere_never_panics() {
    let touch = Touch {
        referrer: "https://".to_owned(),
        click: vec![("no such id", String::new())],
        ..Touch::default()
    };
    assert_eq!(channel(Some(&touch)).as_str(), "Direct");
}

#[test]
fn parts_from_the_wire_are_enough() {
    let utm = [("source", "google"), ("medium", "cpc")];
    assert_eq!(channel_of("", &utm, &[]), Channel::PaidSearch);
    let none: [(&str, &str); 0] = [];
    assert_eq!(
        channel_of("https://www.bing.com/", &none, &none),
        Channel::OrganicSearch
    );
}
