//! What webhook sources told of their orders.

use rusqlite::{Connection, OptionalExtension, params};

use super::append::Cache;
use super::values::{Opened, Opener, Row, seal};
use super::vault::KeyId;
use crate::privacy::keys::KeyRing;
use crate::privacy::subject::Kind;
use crate::store::ShopOrder;

/// Orders of one source and the time they were told, in epoch milliseconds.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) source: String,
    pub(super) orders: Vec<ShopOrder>,
    pub(super) received_at_ms: i64,
}

/// Keeps what is new. The first word on a reference stays: a repeat of a notice changes nothing.
pub(super) fn remember(conn: &Connection, cache: &mut Cache, told: &Told) -> rusqlite::Result<()> {
    let mut is_known =
        conn.prepare_cached("SELECT 1 FROM shop_orders WHERE source = ?1 AND reference = ?2")?;
    let mut insert = conn.prepare_cached(
        "INSERT INTO shop_orders(source, reference, transaction_id, key, visitor, received_at)
         VALUES(?1,?2,?3,?4,?5,?6)",
    )?;
    for order in &told.orders {
        if is_known.exists(params![told.source, order.reference])? {
            continue;
        }
        let (key, visitor) = match sealed(conn, cache, &told.source, order)? {
            Some((key, visitor)) => (Some(key), Some(visitor)),
            None => (None, None),
        };
        insert.execute(params![
            told.source,
            order.reference,
            order.transaction_id,
            key,
            visitor,
            told.received_at_ms
        ])?;
    }
    Ok(())
}

/// Seals what an order says of its visitor; `None` where it says nothing, or the visitor is kept out.
fn sealed(
    conn: &Connection,
    cache: &mut Cache,
    source: &str,
    order: &ShopOrder,
) -> rusqlite::Result<Option<(KeyId, Vec<u8>)>> {
    let (id, evidence) = (order.anonymous_id.as_deref(), order.evidence.as_deref());
    if id.is_none() && evidence.is_none() {
        return Ok(None);
    }
    let visitor = id.map(|id| cache.vault.ring().identifier(Kind::AnonymousId, id));
    // Erased while the order was on its way.
    if cache.people.is_suppressed(conn, visitor.as_slice())? {
        return Ok(None);
    }
    let subject = visitor.map(|visitor| cache.vault.ring().subject_of(&visitor));
    let sealer = cache.vault.of(conn, subject)?;
    let place = place(source, &order.reference);
    let texts = [id.unwrap_or_default(), evidence.unwrap_or_default()];
    Ok(Some((sealer.id, seal(&sealer, Row::Order(&place), texts))))
}

/// Returns what names the row of an order. No source has a zero in its name.
fn place(source: &str, reference: &str) -> Vec<u8> {
    [source.as_bytes(), &[0], reference.as_bytes()].concat()
}

/// Returns those of the references that are known of a source. An order whose visitor was erased is known by its
/// transaction id alone.
pub(super) fn known(
    conn: &Connection,
    ring: &KeyRing,
    source: &str,
    references: &[String],
) -> rusqlite::Result<Vec<ShopOrder>> {
    let snapshot = conn.unchecked_transaction()?;
    let mut opener = Opener::new(&snapshot, Some(ring));
    let mut select = snapshot.prepare_cached(
        "SELECT transaction_id, key, visitor FROM shop_orders WHERE source = ?1 AND reference = ?2",
    )?;
    let mut found = Vec::new();
    for reference in references {
        let row = select
            .query_row(params![source, reference], |row| {
                let sealed: Option<Vec<u8>> = row.get(2)?;
                Ok((row.get(0)?, row.get::<_, Option<KeyId>>(1)?.zip(sealed)))
            })
            .optional()?;
        let Some((transaction_id, sealed)) = row else {
            continue;
        };
        let mut texts = Vec::new().into_iter();
        if let Some((key, sealed)) = sealed
            && let Opened::Texts(opened) =
                opener.open(key, Row::Order(&place(source, reference)), &sealed)?
        {
            texts = opened.into_iter();
        }
        let mut next = || texts.next().filter(|text| !text.is_empty());
        found.push(ShopOrder {
            reference: reference.clone(),
            transaction_id,
            anonymous_id: next(),
            evidence: next(),
        });
    }
    Ok(found)
}

/// Forgets orders that were told before this time.
pub(super) fn prune(conn: &Connection, before_ms: i64) -> rusqlite::Result<usize> {
    conn.prepare_cached(
        "DELETE FROM shop_orders WHERE (source, reference) IN
           (SELECT source, reference FROM shop_orders WHERE received_at < ?1 ORDER BY received_at LIMIT 200)",
    )?
    .execute(params![before_ms])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Store as _;
    use crate::store::sqlite::{SqliteConfig, SqliteStore};

    const DAY_MS: i64 = 86_400_000;
    const VISITOR: &str = "0199d2a4-0000-7000-8000-000000000001";

    #[tokio::test]
    async fn an_order_whose_visitor_was_erased_keeps_its_transaction_id_only() {
        let dir = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
        let told = vec![order("order:1", "1001")];
        store.remember_orders("shop", told, 0).await.unwrap();
        let subject = store.key_ring().subject(VISITOR);
        assert_eq!(store.destroy_keys(vec![subject]).await.unwrap(), 1);
        let known = store.known_orders("shop", vec!["order:1".to_owned()]);
        let nameless = ShopOrder {
            anonymous_id: None,
            evidence: None,
            ..order("order:1", "1001")
        };
        assert_eq!(known.await.unwrap(), [nameless]);
        store.close().await;
    }

    fn order(reference: &str, transaction_id: &str) -> ShopOrder {
        ShopOrder {
            reference: reference.to_owned(),
            transaction_id: transaction_id.to_owned(),
            anonymous_id: Some(VISITOR.to_owned()),
            evidence: Some("{}".to_owned()),
        }
    }

    #[tokio::test]
    async fn an_order_is_known_to_its_source_until_its_time_is_over() {
        let dir = tempfile::tempdir().unwrap();
        let open = || SqliteStore::open(SqliteConfig::new(dir.path())).unwrap();
        let store = open();
        let first = vec![order("order:1", "1001"), order("order:2", "1002")];
        store.remember_orders("shop", first, 0).await.unwrap();
        // The first word stays.
        let again = vec![order("order:1", "other")];
        store
            .remember_orders("shop", again, 5 * DAY_MS)
            .await
            .unwrap();
        store
            .remember_orders("shop", vec![order("order:3", "1003")], 5 * DAY_MS)
            .await
            .unwrap();
        store.close().await;
        drop(store);

        let store = open();
        let ask = || {
            let references = ["order:1", "order:3", "order:4"]
                .map(str::to_owned)
                .to_vec();
            store.known_orders("shop", references)
        };
        let known = ask().await.unwrap();
        assert_eq!(known, [order("order:1", "1001"), order("order:3", "1003")]);
        let elsewhere = store.known_orders("other", vec!["order:1".to_owned()]);
        assert_eq!(elsewhere.await.unwrap(), []);
        store.upkeep(401 * DAY_MS).await.unwrap();
        assert_eq!(ask().await.unwrap(), [order("order:3", "1003")]);
        store.close().await;
    }
}
