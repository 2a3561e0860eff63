//! `POST /v1/webhooks/{platform}/{source}`: signed notices of shop systems.
//!
//! The signature is checked over the bytes as they came, before anything is read. What is right but of no use is answered 200 and counted, so
//! that no platform switches the webhook off. Idempotent: a purchase and a refund have one id however often they are told, and what was told
//! longer ago than dedup keys live is known by the shop system's own reference.

use std::collections::HashMap;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use firsthand_core::ids;
use firsthand_core::wire::ConsentEvidence;
use firsthand_core::wire::json::Object;
use firsthand_inbound::webhook::signature::{self, Forged};
use firsthand_inbound::webhook::{self, Head, Ignored, Notice, Sale};
use firsthand_inbound::{Call, Refusal};
use http::{HeaderMap, StatusCode};

use super::answer::{self, Refused, json_answer};
use super::calls::{self, Fate, Tally};
use super::sources::WebhookSource;
use super::{App, body, events};
use crate::store::ShopOrder;

/// What a delivery came to, as the metric names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Taken,
    Duplicate,
    Rejected,
    IgnoredTopic,
    IgnoredState,
    IgnoredTest,
    Ping,
    SignatureMissing,
    SignatureInvalid,
    SignatureStale,
    Failed,
}

impl Outcome {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
            Self::IgnoredTopic => "ignored_topic",
            Self::IgnoredState => "ignored_state",
            Self::IgnoredTest => "ignored_test",
            Self::Ping => "ping",
            Self::SignatureMissing => "signature_missing",
            Self::SignatureInvalid => "signature_invalid",
            Self::SignatureStale => "signature_stale",
            Self::Failed => "failed",
        }
    }

    fn of(tally: &Tally) -> Self {
        if tally.accepted > 0 {
            Self::Taken
        } else if tally.rejected.is_empty() {
            Self::Duplicate
        } else {
            Self::Rejected
        }
    }
}

/// A delivery that is refused, and how it is counted.
struct Refusing(Outcome, Refused);

impl From<Refused> for Refusing {
    fn from(refused: Refused) -> Self {
        Self(Outcome::Failed, refused)
    }
}

/// Takes a notice.
pub(super) async fn post(
    State(app): State<Arc<App>>,
    Path((platform, name)): Path<(String, String)>,
    request: Request,
) -> Response {
    let (parts, body) = request.into_parts();
    let Some(source) = app.sources.webhook(&platform, &name) else {
        metrics::counter!("firsthand_webhook_unknown_total").increment(1);
        let answer = answer::refused(Refused::new(
            StatusCode::NOT_FOUND,
            "unknown_webhook",
            "no [[source]] of this kind and name: the address is /v1/webhooks/KIND/NAME",
        ));
        app.metrics.answered(answer.status());
        return answer;
    };
    let (outcome, answer) = match take(&app, source, &parts.headers, body).await {
        Ok((outcome, tally)) => (outcome, told(outcome, &tally)),
        Err(Refusing(outcome, refused)) => (outcome, answer::refused(refused)),
    };
    metrics::counter!(
        "firsthand_webhook_deliveries_total",
        "source" => Arc::clone(&source.sender.source),
        "outcome" => outcome.as_str()
    )
    .increment(1);
    app.metrics.answered(answer.status());
    tracing::debug!(
        source = &*source.sender.source,
        outcome = outcome.as_str(),
        "webhook answered"
    );
    answer
}

/// `{"accepted":1,"duplicates":0,"rejected":[]}`, with `ignored` and why where there was nothing to take.
fn told(outcome: Outcome, tally: &Tally) -> Response {
    let mut body = String::with_capacity(64);
    let mut object = Object::begin(&mut body);
    object.int("accepted", answer::int(tally.accepted));
    object.int("duplicates", answer::int(tally.duplicates));
    answer::push_rejected(&mut object, &tally.rejected);
    let ignored = match outcome {
        Outcome::IgnoredTopic => Some("topic"),
        Outcome::IgnoredState => Some("state"),
        Outcome::IgnoredTest => Some("test"),
        Outcome::Ping => Some("ping"),
        _ => None,
    };
    object.text_opt("ignored", ignored);
    object.end();
    json_answer(StatusCode::OK, body)
}

async fn take(
    app: &App,
    source: &WebhookSource,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Outcome, Tally), Refusing> {
    let _permit = app.permit()?;
    let bytes = body::read(app, headers, body, app.webhook_body_bytes).await?;
    let received_at_ms = events::now_ms();
    let get = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let head = Head::read(source.platform, get);
    if webhook::is_ping(source.platform, &head, &bytes) {
        return Ok((Outcome::Ping, Tally::default()));
    }
    let keys = source.secrets.iter().map(crate::secret::Secret::expose);
    signature::verify(
        source.platform,
        head.signature,
        &bytes,
        keys,
        received_at_ms.div_euclid(1000),
        source.tolerance_secs,
    )
    .map_err(forged)?;
    app.rates
        .take_key(&source.sender.source)
        .map_err(|fast| Refused::from(super::metrics::too_fast(fast)))?;
    let text = body::text(&bytes)?;
    let notice =
        webhook::read(source.platform, &head, text, &source.settings).map_err(|error| {
            Refused::new(StatusCode::BAD_REQUEST, "invalid_json", error.to_string())
        })?;
    match notice {
        Notice::Ignored(why) => {
            let outcome = match why {
                Ignored::Topic => Outcome::IgnoredTopic,
                Ignored::State => Outcome::IgnoredState,
                Ignored::Test => Outcome::IgnoredTest,
            };
            Ok((outcome, Tally::default()))
        }
        Notice::Sales(sales) => {
            let fates = take_sales(app, source, text, sales, received_at_ms).await?;
            let tally = Tally::of(app, &source.sender, fates);
            Ok((Outcome::of(&tally), tally))
        }
    }
}

fn forged(why: Forged) -> Refusing {
    let (outcome, code, message) = match why {
        Forged::Missing => (
            Outcome::SignatureMissing,
            "signature_missing",
            "the signature header is missing",
        ),
        Forged::Malformed | Forged::Wrong => (
            Outcome::SignatureInvalid,
            "signature_invalid",
            "the signature is not that of this body under any of the source's secrets",
        ),
        Forged::Stale => (
            Outcome::SignatureStale,
            "signature_stale",
            "the time of the signature lies outside the tolerance: check both clocks",
        ),
    };
    Refusing(
        outcome,
        Refused::new(StatusCode::UNAUTHORIZED, code, message),
    )
}

/// Takes orders and refunds; what is known already is not taken again.
async fn take_sales(
    app: &App,
    source: &WebhookSource,
    text: &str,
    sales: Vec<Sale<'_>>,
    received_at_ms: i64,
) -> Result<Vec<Fate>, Refused> {
    let name = source.sender.source.as_ref();
    let references = sales
        .iter()
        .flat_map(|sale| std::iter::once(&sale.reference).chain(&sale.order_reference))
        .cloned()
        .collect();
    let known = events::within_deadline(app.store.known_orders(name, references)).await?;
    let known: HashMap<&str, &ShopOrder> = known
        .iter()
        .map(|order| (order.reference.as_str(), order))
        .collect();
    let mut fates = Vec::with_capacity(sales.len());
    let mut calls = Vec::new();
    let mut orders = Vec::new();
    for sale in sales {
        if known.contains_key(sale.reference.as_str()) {
            fates.push(Fate::Duplicate);
            continue;
        }
        let order = sale.order_reference.as_deref();
        let order = order.and_then(|reference| known.get(reference).copied());
        let (call, told) = completed(sale, order, received_at_ms);
        calls.push((text, call));
        orders.push(told);
    }
    let taken = calls::take(app, &source.sender, calls, received_at_ms).await?;
    let orders: Vec<ShopOrder> = orders
        .into_iter()
        .zip(&taken)
        .filter(|(_, fate)| !matches!(fate, Fate::Rejected(_)))
        .filter_map(|(order, _)| order)
        .collect();
    if !orders.is_empty() {
        let remembered = app.store.remember_orders(name, orders, received_at_ms);
        events::within_deadline(remembered).await?;
    }
    fates.extend(taken);
    Ok(fates)
}

/// Completes a sale by what is known of its order, and returns what is to be remembered of it.
fn completed<'a>(
    mut sale: Sale<'a>,
    order: Option<&'a ShopOrder>,
    received_at_ms: i64,
) -> (Result<Call<'a>, Refusal>, Option<ShopOrder>) {
    let transaction_id = match (&sale.transaction_id, order) {
        (Some(id), _) => id.clone().into_owned(),
        (None, Some(order)) => order.transaction_id.clone(),
        (None, None) => return (Err(nameless(&sale)), None),
    };
    if sale.at_ms <= 0 {
        sale.at_ms = received_at_ms;
    }
    if let Some(order) = order {
        let user = &mut sale.header.user;
        if user.anonymous_id.is_none() {
            user.anonymous_id = order.anonymous_id.as_deref().map(Into::into);
        }
        let told = order.evidence.as_deref();
        let told: Option<ConsentEvidence<'_>> =
            told.and_then(|evidence| serde_json::from_str(evidence).ok());
        if let (None, Some(told)) = (sale.header.consent.choice, told) {
            sale.header.consent = told;
        }
    }
    let remembered = ids::canonical_order_id(&transaction_id).map(|id| ShopOrder {
        reference: sale.reference.clone(),
        transaction_id: id.to_owned(),
        anonymous_id: sale.header.user.anonymous_id.as_deref().map(str::to_owned),
        evidence: sale.header.consent.choice.map(|_| {
            let mut text = String::with_capacity(192);
            sale.header.consent.encode(&mut text);
            text
        }),
    });
    (Ok(sale.call(&transaction_id)), remembered)
}

fn nameless(sale: &Sale<'_>) -> Refusal {
    if sale.is_refund() {
        Refusal {
            code: "unknown_order",
            message: "the refund names an order that this source has not told of".into(),
        }
    } else {
        Refusal {
            code: "invalid_transaction_id",
            message: "the order has not the identifier that the source's transaction_id names"
                .into(),
        }
    }
}
