//! Every series that is known beforehand stands at 0 from the start: an alarm on a counter that grows must see its first step,
//! and who builds a dashboard must see what there is.
//!
//! Series whose labels only the course of things can tell appear with their first value. What is registered here is listed in
//! `docs/metrics.md`; a test holds both against a running collector.

use firsthand_core::consent::Purpose;
use firsthand_core::wire::drop_reason;
use metrics::counter;

use crate::alerts;
use crate::config::Config;

/// Counters without labels.
const PLAIN: [&str; 8] = [
    "firsthand_rate_limit_forgotten_total",
    "firsthand_user_values_dropped_total",
    "firsthand_consent_changes_total",
    "firsthand_consent_suppressed_total",
    "firsthand_person_links_refused_total",
    "firsthand_webhook_unknown_total",
    "firsthand_admin_refused_total",
    "firsthand_store_commit_failures_total",
];

/// Counters with one label and its values.
const LABELLED: [(&str, &str, &[&str]); 9] = [
    (
        "firsthand_retention_size_events_total",
        "what",
        &["deleted", "emptied"],
    ),
    (
        "firsthand_requests_total",
        "status",
        &["200", "202", "400", "401", "413", "429", "503"],
    ),
    (
        "firsthand_requests_refused_total",
        "code",
        &[
            "invalid_json",
            "overloaded",
            "rate_limited",
            "storage_full",
            "storage_unavailable",
        ],
    ),
    ("firsthand_rate_limited_total", "by", &["key", "address"]),
    (
        "firsthand_connections_cut_total",
        "reason",
        &[
            "head_timeout",
            "head_too_large",
            "head_invalid",
            "answer_not_taken",
            "too_many",
            "broken",
        ],
    ),
    (
        "firsthand_privacy_tasks_total",
        "kind",
        &["erase", "suppress", "release"],
    ),
    (
        "firsthand_erased_total",
        "what",
        &[
            "event",
            "copy",
            "quarantined",
            "consent_word",
            "order",
            "waiting",
        ],
    ),
    ("firsthand_reload_total", "result", &["done", "refused"]),
    (
        "firsthand_store_unreadable_total",
        "table",
        &[
            "data_keys",
            "log",
            "copies",
            "quarantine",
            "consent",
            "shop_orders",
        ],
    ),
];

/// Outcomes of webhooks that an alarm may wait for.
const WEBHOOK_OUTCOMES: [&str; 4] = ["taken", "rejected", "signature_invalid", "failed"];

/// Registers what is known beforehand.
pub(crate) fn register(config: &Config) {
    for name in PLAIN {
        counter!(name).increment(0);
    }
    for (name, label, values) in LABELLED {
        for value in values {
            counter!(name, label => *value).increment(0);
        }
    }
    for reason in drop_reason::ALL {
        counter!("firsthand_sdk_dropped_total", "reason" => reason).increment(0);
    }
    for kind in alerts::Kind::ALL {
        for result in ["sent", "failed", "held_back"] {
            counter!("firsthand_alerts_total", "alert" => kind.as_str(), "result" => result)
                .increment(0);
        }
    }
    for purpose in Purpose::ALL {
        for what in ["deleted", "stripped"] {
            counter!("firsthand_retention_events_total", "purpose" => purpose.as_str(), "what" => what)
                .increment(0);
        }
    }
    for source in &config.sources {
        counter!("firsthand_events_rejected_total", "source" => source.name.clone(), "code" => "consent_denied")
            .increment(0);
        if source.kind.platform().is_none() {
            continue;
        }
        for outcome in WEBHOOK_OUTCOMES {
            counter!("firsthand_webhook_deliveries_total", "source" => source.name.clone(), "outcome" => outcome)
                .increment(0);
        }
    }
}
