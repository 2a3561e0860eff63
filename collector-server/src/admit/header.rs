//! Context, touchpoints and consent evidence of a request: bounded, cleaned, redacted.

use std::borrow::Cow;

use firsthand_core::touchpoint::{CAMPAIGN_LABELS, Kind, clean_url, click_id};
use firsthand_core::wire::{ConsentEvidence, Header, Touch};

use super::personal::holds_email;
use super::{Connection, Sender, is_crawler};
use crate::store::SourceKind;

const MAX_WORD_BYTES: usize = 64;
const MAX_LABEL_BYTES: usize = 256;
const MAX_CLICK_ID_BYTES: usize = 512;
const MAX_USER_AGENT_BYTES: usize = 512;
const MAX_BOT_LABELS: usize = 8;

/// Bounds and cleans everything but the user part. Returns how many values went.
pub(super) fn cleanse<'a>(
    header: &mut Header<'a>,
    sender: &Sender,
    connection: &Connection<'a>,
    skew_ms: i64,
) -> usize {
    let context = &mut header.context;
    for word in [
        &mut context.lang,
        &mut context.tz,
        &mut context.screen,
        &mut context.sdk,
    ] {
        word.take_if(|text| !is_word(text));
    }
    context.bot.retain(|label| is_word(label));
    context.bot.truncate(MAX_BOT_LABELS);
    // Told to the metrics, of no use in the log.
    context.dropped.clear();
    match sender.kind {
        SourceKind::Browser => {
            context.ip.clone_from(&connection.ip);
            context.ua = connection.user_agent.map(Cow::Borrowed);
        }
        SourceKind::Server | SourceKind::Webhook => {
            context
                .ip
                .take_if(|ip| ip.parse::<std::net::IpAddr>().is_err());
        }
    }
    if let Some(agent) = &mut context.ua {
        cut(agent, MAX_USER_AGENT_BYTES);
    }
    context.ua.take_if(|agent| {
        agent.is_empty() || agent.chars().any(char::is_control) || holds_email(agent)
    });
    if sender.kind == SourceKind::Browser
        && context.bot.is_empty()
        && context.ua.as_deref().is_some_and(is_crawler)
    {
        context.bot.push(Cow::Borrowed("user_agent"));
    }
    let mut dropped = 0;
    for touch in [&mut header.first_touch, &mut header.last_touch]
        .into_iter()
        .flatten()
    {
        dropped += cleanse_touch(touch, skew_ms);
    }
    correct_times(&mut header.consent, skew_ms);
    cleanse_basis(&mut header.consent);
    dropped
}

/// Brings the times of the evidence to our clock.
pub(super) fn correct_times(evidence: &mut ConsentEvidence<'_>, skew_ms: i64) {
    if let Some(choice) = &mut evidence.choice {
        choice.at_ms = choice.at_ms.saturating_add(skew_ms);
    }
    if let Some(framework) = &mut evidence.framework {
        framework.at_ms = framework.at_ms.saturating_add(skew_ms);
    }
}

pub(super) fn cleanse_basis(evidence: &mut ConsentEvidence<'_>) {
    evidence.basis.take_if(|basis| !is_word(basis));
}

fn cleanse_touch(touch: &mut Touch<'_>, skew_ms: i64) -> usize {
    touch.at = touch.at.saturating_add(skew_ms);
    touch.url = Cow::Owned(clean_url(&touch.url));
    touch.referrer = Cow::Owned(clean_url(&touch.referrer));
    let before = touch.utm.len() + touch.click.len();
    touch.utm.retain(|(name, value)| {
        CAMPAIGN_LABELS.contains(&name.as_ref())
            && value.len() <= MAX_LABEL_BYTES
            && !holds_email(value)
    });
    touch.click.retain(|(name, value)| {
        click_id(name).is_some_and(|known| !matches!(known.kind, Kind::Person))
            && !value.is_empty()
            && value.len() <= MAX_CLICK_ID_BYTES
            && value.bytes().all(|b| b.is_ascii_graphic())
            && !holds_email(value)
    });
    before - touch.utm.len() - touch.click.len()
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_WORD_BYTES
        && !text.chars().any(char::is_control)
        && !holds_email(text)
}

/// Cuts at a character boundary.
pub(super) fn cut(text: &mut Cow<'_, str>, max: usize) {
    if text.len() > max {
        let mut end = max;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        *text = Cow::Owned(text.get(..end).unwrap_or_default().to_owned());
    }
}
