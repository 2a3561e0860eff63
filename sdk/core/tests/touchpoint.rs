//! What is remembered of an arrival, and above all what is not.
#![allow(clippy::unwrap_used)]

use firsthand_core::touchpoint::{
    CAMPAIGN_LABELS, CLICK_IDS, FirstLast, Kind, MAX_URL_BYTES, Touch, arrival, clean_url,
    click_id, fbc, subdomain_index,
};
use proptest::prelude::*;

const NOW: i64 = 1_795_471_000_000;
const DAY: i64 = 86_400_000;

fn arrive(page: &str, referrer: &str) -> Option<Touch> {
    arrival(
        page,
        referrer,
        &["shop.example", "shop-checkout.example"],
        NOW,
    )
}

fn at(ms: i64, url: &str) -> Touch {
    Touch {
        at_ms: ms,
        url: url.to_owned(),
        ..Touch::default()
    }
}

#[test]
fn stored_addresses_hold_origin_path_and_campaign_labels_only() {
    let table = [
        (
            "https://shop.example/p/mug?utm_source=news&x=1#top",
            "https://shop.example/p/mug?utm_source=news",
        ),
        ("https://shop.example", "https://shop.example/"),
        (
            "HTTPS://Shop.Example:443/A?UTM_Source=a",
            "https://shop.example/A?utm_source=a",
        ),
        (
            "http://shop.example:8080?utm_id=7&utm_id=8",
            "http://shop.example:8080/?utm_id=7&utm_id=8",
        ),
        (
            "https://jane:secret@shop.example/a",
            "https://shop.example/a",
        ),
        (
            "https://[2001:DB8::1]:8443/a?b",
            "https://[2001:db8::1]:8443/a",
        ),
        ("https://shop.example./a", "https://shop.example/a"),
        (
            "https://shop.example/a;jsessionid=77/b",
            "https://shop.example/a/b",
        ),
        (
            "https://shop.example/u/jane@mail.example/orders",
            "https://shop.example/u/redacted/orders",
        ),
        (
            "https://shop.example/u/jane%40mail.example",
            "https://shop.example/u/redacted",
        ),
        (
            "https://shop.example/u/jane%2540mail.example",
            "https://shop.example/u/redacted",
        ),
        (
            "https://shop.example/u/jan%65%40mail.example",
            "https://shop.example/u/redacted",
        ),
        (
            "https://shop.example/@handle",
            "https://shop.example/@handle",
        ),
        (
            "https://shop.example/?utm_term=jane%40mail.example&utm_medium=mail",
            "https://shop.example/?utm_term=redacted&utm_medium=mail",
        ),
        (
            "https://shop.example/?utm_email=a&utm_source=&=&&utm_source",
            "https://shop.example/",
        ),
        ("https://shop.example\\a\\b?q", "https://shop.example/a/b"),
        (
            "https://shop.example/a?b#c?utm_source=d",
            "https://shop.example/a",
        ),
        ("https://shop.example#a/b", "https://shop.example/"),
        ("  https://shop.example/a\n", "https://shop.example/a"),
        ("javascript:alert(1)", ""),
        ("https://", ""),
        ("https://:80/", ""),
        ("https://shop.example:80x/", ""),
        ("https://sh op.example/", ""),
        ("ftp://shop.example/", ""),
        ("/p/mug", ""),
        ("", ""),
    ];
    for (address, want) in table {
        assert_eq!(clean_url(address), want, "{address:?}");
    }
}

#[test]
fn long_addresses_are_cut() {
    let long = format!("https://shop.example/{}?utm_source=a", "ä".repeat(2000));
    let cut = clean_url(&long);
    assert!(cut.len() <= MAX_URL_BYTES && cut.len() > MAX_URL_BYTES - 4);
    let labels = format!(
        "https://shop.example/?utm_term={}&utm_source=a",
        "x".repeat(2000)
    );
    assert_eq!(clean_url(&labels), "https://shop.example/?utm_source=a");
}

#[test]
fn arrivals_need_a_campaign_a_click_id_or_a_foreign_referrer() {
    let table = [
        ("https://shop.example/", "", false),
        ("https://shop.example/?page=2", "", false),
        ("https://shop.example/?utm_source=news", "", true),
        ("https://shop.example/?gclid=a", "", true),
        ("https://shop.example/?mc_eid=a", "", false),
        ("https://shop.example/", "https://www.google.com/", true),
        ("https://shop.example/", "https://shop.example/cart", false),
        (
            "https://shop.example/",
            "https://WWW.shop.example/cart",
            false,
        ),
        (
            "https://www.shop.example/",
            "https://blog.shop.example/",
            false,
        ),
        (
            "https://shop.example/",
            "https://pay.shop-checkout.example/",
            false,
        ),
        ("https://shop.example/", "https://evilshop.example/", true),
        (
            "https://shop.example/",
            "https://shop.example.evil.example/",
            true,
        ),
        (
            "https://shop.example/thanks",
            "https://www.paypal.com/checkout",
            false,
        ),
        (
            "https://shop.example/thanks?utm_source=x&gclid=y",
            "https://checkout.stripe.com/",
            false,
        ),
        ("https://shop.example/", "https://notpaypal.com/", true),
        (
            "https://shop.example/",
            "android-app://com.google.android.gm/",
            true,
        ),
        ("https://shop.example/", "about:blank", false),
        ("not an address", "https://www.google.com/", false),
    ];
    for (page, referrer, want) in table {
        assert_eq!(
            arrive(page, referrer).is_some(),
            want,
            "{page} from {referrer}"
        );
    }
}

#[test]
fn an_arrival_keeps_click_ids_by_canonical_name_and_in_their_case() {
    let touch = arrive(
        "https://shop.example/p/mug?GCLID=Cj0KC%51&sccid=aB&utm_campaign=Gr%C3%BCn+Tee&fbclid=IwAR_x-1&fbclid=second&email=a%40b.example&mkt_tok=MzU",
        "https://l.facebook.com/l.php?u=https%3A%2F%2Fshop.example&h=AT0",
    )
    .unwrap();
    let click = [("gclid", "Cj0KCQ"), ("ScCid", "aB"), ("fbclid", "IwAR_x-1")];
    assert_eq!(
        touch.click,
        click.map(|(name, value)| (name, value.to_owned()))
    );
    assert_eq!(touch.utm, [("campaign", "Grün Tee".to_owned())]);
    assert_eq!(touch.referrer, "https://l.facebook.com/l.php");
    assert_eq!(
        touch.url,
        "https://shop.example/p/mug?utm_campaign=Gr%C3%BCn+Tee"
    );
    assert_eq!(touch.at_ms, NOW);
}

#[test]
fn unusable_click_ids_are_dropped() {
    let long = "x".repeat(513);
    let fb_long = "x".repeat(501);
    for (name, value) in [
        ("gclid", long.as_str()),
        ("fbclid", &fb_long),
        ("gclid", ""),
        ("gclid", "a%20b"),
        ("gclid", "%ff"),
        ("aff_id", "jane%40mail.example"),
    ] {
        let page = format!("https://shop.example/?{name}={value}");
        assert_eq!(arrive(&page, ""), None, "{name}={value}");
    }
    let page = format!("https://shop.example/?gclid={}", &long[..512]);
    assert!(arrive(&page, "").is_some());
}

#[test]
fn known_parameters_are_unique_and_found_in_any_case() {
    for (i, id) in CLICK_IDS.iter().enumerate() {
        assert_eq!(click_id(&id.name.to_uppercase()), Some(id));
        assert!(
            CLICK_IDS[..i]
                .iter()
                .all(|other| !other.name.eq_ignore_ascii_case(id.name)),
            "{}",
            id.name
        );
    }
    for person in ["mc_eid", "_hsenc", "mkt_tok", "_kx", "vero_id", "_gl"] {
        assert_eq!(click_id(person).unwrap().kind, Kind::Person, "{person}");
    }
}

#[test]
fn the_first_arrival_stays_and_the_last_is_replaced() {
    let mut seen = FirstLast::default();
    for (ms, url) in [(0, "a"), (DAY, "b"), (2 * DAY, "c")] {
        seen.record(at(ms, url), 90);
    }
    assert_eq!(seen.first, Some(at(0, "a")));
    assert_eq!(seen.last, Some(at(2 * DAY, "c")));
}

#[test]
fn arrivals_expire() {
    let mut seen = FirstLast::default();
    seen.record(at(0, "a"), 30);
    seen.record(at(20 * DAY, "b"), 30);
    seen.expire(30 * DAY, 30);
    assert_eq!(seen.first, Some(at(0, "a")), "exactly 30 days are kept");
    seen.expire(30 * DAY + 1, 30);
    assert_eq!(
        seen.first,
        Some(at(20 * DAY, "b")),
        "the last takes its place"
    );
    seen.expire(51 * DAY, 30);
    assert_eq!(seen, FirstLast::default());
}

#[test]
fn meta_click_cookie_is_formed_from_a_click_id() {
    let want = Some("fb.1.1795471000000.IwAR_Xy".to_owned());
    assert_eq!(fbc(1, NOW, "IwAR_Xy"), want);
    assert_eq!(fbc(0, 0, "a").as_deref(), Some("fb.0.0.a"));
    assert!(fbc(1, NOW, &"x".repeat(500)).is_some());
    for (ms, bad) in [
        (NOW, ""),
        (NOW, "a b"),
        (NOW, "é"),
        (NOW, &*"x".repeat(501)),
        (-1, "a"),
    ] {
        assert_eq!(fbc(1, ms, bad), None, "{bad:?}");
    }
}

#[test]
fn subdomain_index_counts_dots() {
    for (host, want) in [
        ("com", 0),
        ("shop.example", 1),
        ("www.shop.example", 2),
        ("shop.co.uk", 2),
        ("shop.example.", 1),
        ("127.0.0.1", 0),
        ("[::1]", 0),
        ("localhost", 0),
        ("", 0),
    ] {
        assert_eq!(subdomain_index(host), want, "{host}");
    }
}

/// Addresses that look real, with parameters known and unknown, and noise.
fn any_address() -> impl Strategy<Value = String> {
    let parameter = prop_oneof![
        Just("utm_source".to_owned()),
        Just("gclid".to_owned()),
        Just("mc_eid".to_owned()),
        Just("email".to_owned()),
        "[a-zA-Z_%@]{1,8}",
    ];
    let query = proptest::collection::vec((parameter, "[a-zA-Z0-9%@.+=_-]{0,12}"), 0..5);
    let real = (
        "https?://([a-z]{1,5}@)?[a-z]{1,6}(\\.[a-z]{2,3}){0,2}(:[0-9]{1,5})?(/[a-z@.%;]{0,8}){0,3}",
        query,
    )
        .prop_map(|(base, pairs)| {
            let query: Vec<String> = pairs
                .into_iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            format!("{base}?{}", query.join("&"))
        });
    prop_oneof![4 => real, 1 => "\\PC{0,80}", 1 => "https?://\\PC{0,60}"]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn stored_addresses_never_hold_another_parameter(address in any_address()) {
        let clean = clean_url(&address);
        prop_assert!(clean.len() <= MAX_URL_BYTES);
        prop_assert!(!clean.contains('#'));
        for pair in clean.split_once('?').map_or("", |(_, query)| query).split('&').filter(|p| !p.is_empty()) {
            let label = pair.split('=').next().unwrap().strip_prefix("utm_");
            prop_assert!(label.is_some_and(|label| CAMPAIGN_LABELS.contains(&label)), "{}", clean);
        }
        prop_assert_eq!(clean_url(&clean), clean.clone(), "cleaning twice changes nothing");
    }

    #[test]
    fn arrivals_never_hold_an_email_address(user in "[a-z0-9._+-]{0,6}[a-z0-9]", host in "[a-z0-9]{1,8}\\.mail\\.test", name in "utm_term|gclid|aff_id|email|q", at in "@|%40|%2540") {
        let address = format!("https://shop.example/u/{user}{at}{host}?{name}={user}{at}{host}&utm_source=a");
        let touch = arrive(&address, &format!("https://other.example/{user}{at}{host}")).unwrap();
        let shown = format!("{touch:?}");
        prop_assert!(!shown.contains(&host), "{}", shown);
    }

    #[test]
    fn nothing_panics(page in any_address(), referrer in any_address()) {
        arrive(&page, &referrer);
        let _ = (subdomain_index(&page), fbc(1, NOW, &page));
    }
}
