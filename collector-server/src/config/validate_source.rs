//! What values of `[[source]]` make sense together.

use std::collections::BTreeSet;

use firsthand_core::identity::Country;
use firsthand_inbound::webhook::{Platform, Settings, TransactionId};

use super::source::MAX_SECRETS;
use super::validate::Problems;
use super::{Config, SourceKindName, SourceSection};

/// A batch of a Segment SDK goes into the store's queue call by call: one that never fits would come again for ever.
pub(super) fn check_queue(config: &Config, problems: &mut Problems) {
    let (limits, store) = (&config.limits, &config.store);
    let has_segment = config
        .sources
        .iter()
        .any(|source| source.kind == SourceKindName::Segment);
    if !has_segment {
        return;
    }
    if limits.segment_messages_per_batch > store.queue_requests as usize {
        problems.add(
            "limits.segment_messages_per_batch",
            format!(
                "must be at most {} (store.queue_requests), or a batch could never be taken; got {}",
                store.queue_requests, limits.segment_messages_per_batch
            ),
        );
    }
    let most = store.queue_bytes as usize / 4;
    if limits.segment_body_bytes > most {
        problems.add(
            "limits.segment_body_bytes",
            format!(
                "must be at most {most} (a quarter of store.queue_bytes), or a batch could never be taken; got {}",
                limits.segment_body_bytes
            ),
        );
    }
}

pub(super) fn check_sources(sources: &[SourceSection], problems: &mut Problems) {
    if sources.is_empty() {
        problems.add("source", "nobody could send: add a [[source]] table");
    }
    let mut names = BTreeSet::new();
    let mut keys = BTreeSet::new();
    for source in sources {
        let name = &source.name;
        let key = |field: &str| format!("source.{name}.{field}");
        let is_plain = (1..=40).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'));
        if !is_plain {
            problems.add(
                key("name"),
                "must be 1 to 40 letters, digits, underscores and hyphens",
            );
        }
        if !names.insert(name) {
            problems.add(format!("source.{name}"), "this name is there twice");
        }
        match source.kind {
            SourceKindName::Browser => check_browser(source, &key, problems),
            SourceKindName::Server | SourceKindName::Segment => {
                check_server_source(source, &key, problems);
            }
            SourceKindName::Shopify | SourceKindName::Woocommerce | SourceKindName::Stripe => {
                check_no_page(source, &key, problems);
            }
        }
        check_segment(source, &key, problems);
        check_webhook(source, &key, problems);
        if let Some(write_key) = &source.write_key
            && !keys.insert(write_key)
        {
            problems.add(key("write_key"), "another source has this key");
        }
        if let Some(country) = &source.default_phone_country
            && Country::parse(country).is_none()
        {
            problems.add(
                key("default_phone_country"),
                "must be an ISO 3166-1 code of two letters, such as \"DE\"",
            );
        }
    }
}

fn check_browser(source: &SourceSection, key: &dyn Fn(&str) -> String, problems: &mut Problems) {
    match &source.write_key {
        None => problems.add(
            key("write_key"),
            "is missing: write the key that the page sends",
        ),
        Some(text) if text.len() < 4 || !text.bytes().all(|b| b.is_ascii_graphic()) => problems
            .add(
                key("write_key"),
                "must be at least 4 printable characters without spaces",
            ),
        Some(_) => {}
    }
    if source.secret_key.is_some() {
        problems.add(
            key("secret_key"),
            "a page cannot keep a secret: use kind = \"server\"",
        );
    }
    if source.origins.is_empty() && !source.allow_missing_origin {
        problems.add(
            key("origins"),
            "is missing: list the shop's origins, such as [\"https://shop.example\"]",
        );
    }
    for origin in &source.origins {
        let host = origin
            .strip_prefix("https://")
            .or_else(|| origin.strip_prefix("http://"));
        let is_origin = host.is_some_and(|host| {
            !host.is_empty()
                && host.bytes().all(|b| {
                    b.is_ascii_lowercase()
                        || b.is_ascii_digit()
                        || matches!(b, b'.' | b'-' | b':' | b'[' | b']')
                })
        });
        if !is_origin {
            problems.add(
                key("origins"),
                format!(
                    "{origin:?} is no origin: scheme, host in lower case and port only, such as \"https://shop.example\""
                ),
            );
        }
    }
}

fn check_server_source(
    source: &SourceSection,
    key: &dyn Fn(&str) -> String,
    problems: &mut Problems,
) {
    if source.secret_key.is_none() {
        problems.add(
            key("secret_key"),
            "is missing: write { env = \"NAME\" } or { file = \"/path\" }",
        );
    }
    if source.write_key.is_some() {
        problems.add(
            key("write_key"),
            "a server sends its secret_key: remove this one",
        );
    }
    check_no_page(source, key, problems);
}

/// What only a page has.
fn check_no_page(source: &SourceSection, key: &dyn Fn(&str) -> String, problems: &mut Problems) {
    if !source.origins.is_empty() || source.allow_missing_origin {
        problems.add(
            key("origins"),
            "only a browser source has origins: remove them",
        );
    }
}

/// What only servers that pass on a consent manager's word have.
fn check_segment(source: &SourceSection, key: &dyn Fn(&str) -> String, problems: &mut Problems) {
    let is_segment = source.kind == SourceKindName::Segment;
    if !is_segment && !source.consent_categories.is_empty() {
        problems.add(
            key("consent_categories"),
            "only a source of kind = \"segment\" has them: remove them",
        );
    }
    if source
        .consent_categories
        .iter()
        .any(|(category, purposes)| category.is_empty() || purposes.is_empty())
    {
        problems.add(
            key("consent_categories"),
            "must name the purposes of each category, such as { Advertising = [\"marketing\", \"third_party_sharing\"] }",
        );
    }
    if !is_segment && source.kind.platform().is_none() && source.absent_consent.is_some() {
        problems.add(
            key("absent_consent"),
            "only sources of kind \"segment\" and webhooks have it: a page and a server send consent themselves",
        );
    }
}

fn check_webhook(source: &SourceSection, key: &dyn Fn(&str) -> String, problems: &mut Problems) {
    let Some(platform) = source.kind.platform() else {
        for (field, is_there) in [
            ("secrets", !source.secrets.is_empty()),
            ("transaction_id", source.transaction_id.is_some()),
            ("purchase_on", source.purchase_on.is_some()),
            ("value", source.value.is_some()),
            ("item_id", source.item_id.is_some()),
            ("anonymous_id_key", source.anonymous_id_key.is_some()),
            ("consent_key", source.consent_key.is_some()),
            ("take_test_orders", source.take_test_orders),
            ("tolerance_secs", source.tolerance_secs.is_some()),
        ] {
            if is_there {
                problems.add(key(field), "only a webhook has it: remove it");
            }
        }
        return;
    };
    for (field, is_there) in [
        ("write_key", source.write_key.is_some()),
        ("secret_key", source.secret_key.is_some()),
    ] {
        if is_there {
            problems.add(
                key(field),
                "a webhook is known by its secrets: write secrets",
            );
        }
    }
    if !(1..=MAX_SECRETS).contains(&source.secrets.len()) {
        problems.add(
            key("secrets"),
            format!(
                "must be 1 to {MAX_SECRETS}, such as [{{ env = \"NAME\" }}]; a second one while the first is being replaced"
            ),
        );
    }
    check_order(source, platform, key, problems);
    match (platform, source.tolerance_secs) {
        (Platform::Stripe, Some(secs)) => {
            problems.within(&key("tolerance_secs"), secs.into(), 10, 3600);
        }
        (Platform::Shopify | Platform::WooCommerce, Some(_)) => {
            problems.add(key("tolerance_secs"), "only Stripe signs a time: remove it");
        }
        (_, None) => {}
    }
}

fn check_order(
    source: &SourceSection,
    platform: Platform,
    key: &dyn Fn(&str) -> String,
    problems: &mut Problems,
) {
    let is_known = source
        .transaction_id
        .as_deref()
        .is_some_and(|id| TransactionId::parse(platform, id).is_some());
    if !is_known {
        problems.add(
            key("transaction_id"),
            format!(
                "must name the identifier that the shop's pages send as transaction_id: {}",
                TransactionId::choices(platform).join(", ")
            ),
        );
    }
    let choices = Settings::purchase_choices(platform);
    if let Some(topics) = &source.purchase_on
        && (topics.is_empty()
            || topics.iter().any(|topic| {
                topic.is_empty() || !(choices.is_empty() || choices.contains(&topic.as_str()))
            }))
    {
        problems.add(
            key("purchase_on"),
            if choices.is_empty() {
                "must name statuses of orders, such as [\"processing\", \"completed\"]".to_owned()
            } else {
                format!("must name some of: {}", choices.join(", "))
            },
        );
    }
    for (field, name) in [
        ("anonymous_id_key", &source.anonymous_id_key),
        ("consent_key", &source.consent_key),
    ] {
        if name.as_deref().is_some_and(|name| name.trim().is_empty()) {
            problems.add(key(field), "must name an attribute of the order");
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    const SOURCE: &str = "[[source]]\nname = \"web\"\nkind = \"browser\"\nwrite_key = \"pk_1\"\norigins = [\"https://shop.example\"]\n";
    const WEBHOOK: &str = "[[source]]\nname = \"shop\"\nkind = \"shopify\"\nsecrets = [{ env = \"A\" }]\ntransaction_id = \"order_number\"\n";

    #[test]
    fn a_source_of_each_kind_is_right_with_what_it_needs() {
        for text in [
            WEBHOOK.to_owned(),
            WEBHOOK.replace("shopify", "woocommerce").replace("order_number", "meta_data.order"),
            format!("{}tolerance_secs = 60\n", WEBHOOK.replace("shopify", "stripe").replace("order_number", "metadata.order")),
            "[[source]]\nname = \"cdp\"\nkind = \"segment\"\nsecret_key = { env = \"A\" }\nabsent_consent = \"regime\"\n".to_owned(),
        ] {
            let config = parse(&text, "test.toml").unwrap();
            let source = &config.sources[0];
            assert_eq!(source.webhook().is_some(), source.kind.platform().is_some());
        }
    }

    #[test]
    #[allow(clippy::too_many_lines)] // a table
    fn every_mistake_of_a_source_names_its_key_and_the_way_out() {
        for (text, wants) in [
            (
                WEBHOOK.replace("order_number", "number"),
                vec!["source.shop.transaction_id", "order_number", "note_attributes.NAME"],
            ),
            (
                WEBHOOK.replace("transaction_id", "#"),
                vec!["source.shop.transaction_id", "must name the identifier"],
            ),
            (
                WEBHOOK.replace("[{ env = \"A\" }]", "[]"),
                vec!["source.shop.secrets", "1 to 4"],
            ),
            (
                format!("{WEBHOOK}secret_key = {{ env = \"A\" }}\n"),
                vec!["source.shop.secret_key", "write secrets"],
            ),
            (
                format!("{WEBHOOK}purchase_on = [\"orders/updated\"]\n"),
                vec!["source.shop.purchase_on", "orders/create, orders/paid"],
            ),
            (
                format!("{WEBHOOK}tolerance_secs = 60\n"),
                vec!["source.shop.tolerance_secs", "only Stripe"],
            ),
            (
                format!("{WEBHOOK}origins = [\"https://shop.example\"]\n"),
                vec!["source.shop.origins", "only a browser source"],
            ),
            (
                format!("{SOURCE}transaction_id = \"id\"\n"),
                vec!["source.web.transaction_id", "only a webhook"],
            ),
            (
                format!("{SOURCE}consent_categories = {{ Ads = [\"marketing\"] }}\n"),
                vec!["source.web.consent_categories", "segment"],
            ),
            (
                format!("{SOURCE}absent_consent = \"regime\"\n"),
                vec!["source.web.absent_consent", "segment"],
            ),
            (
                "[[source]]\nname = \"cdp\"\nkind = \"segment\"\n".to_owned(),
                vec!["source.cdp.secret_key", "env"],
            ),
            (
                "[[source]]\nname = \"cdp\"\nkind = \"segment\"\nsecret_key = { env = \"A\" }\nconsent_categories = { Ads = [] }\n".to_owned(),
                vec!["source.cdp.consent_categories", "purposes of each category"],
            ),
            (
                "[store]\nqueue_requests = 100\n[[source]]\nname = \"cdp\"\nkind = \"segment\"\nsecret_key = { env = \"A\" }\n".to_owned(),
                vec!["limits.segment_messages_per_batch", "at most 100 (store.queue_requests)"],
            ),
            (
                "[store]\nqueue_bytes = 1048576\n[[source]]\nname = \"cdp\"\nkind = \"segment\"\nsecret_key = { env = \"A\" }\n".to_owned(),
                vec!["limits.segment_body_bytes", "at most 262144"],
            ),
            (
                format!("[limits]\nsegment_messages_per_batch = 0\n{SOURCE}"),
                vec!["limits.segment_messages_per_batch", "1 to"],
            ),
        ] {
            let error = parse(&text, "test.toml").unwrap_err().to_string();
            for want in wants {
                assert!(error.contains(want), "{want:?} not in {error:?}");
            }
        }
    }
}
