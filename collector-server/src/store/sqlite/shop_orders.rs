//! What webhook sources told of their orders.

use rusqlite::{Connection, OptionalExtension, params};

use crate::store::ShopOrder;

/// Orders of one source and the time they were told, in epoch milliseconds.
#[derive(Debug, Clone)]
pub(super) struct Told {
    pub(super) source: String,
    pub(super) orders: Vec<ShopOrder>,
    pub(super) received_at_ms: i64,
}

/// Keeps what is new. The first word on a reference stays: a repeat of a notice changes nothing.
pub(super) fn remember(conn: &Connection, told: &Told) -> rusqlite::Result<()> {
    let mut insert = conn.prepare_cached(
        "INSERT OR IGNORE INTO shop_orders(source, reference, transaction_id, anonymous_id, evidence, received_at)
         VALUES(?1,?2,?3,?4,?5,?6)",
    )?;
    for order in &told.orders {
        insert.execute(params![
            told.source,
            order.reference,
            order.transaction_id,
            order.anonymous_id,
            order.evidence,
            told.received_at_ms
        ])?;
    }
    Ok(())
}

/// Returns those of the references that are known of a source.
pub(super) fn known(
    conn: &Connection,
    source: &str,
    references: &[String],
) -> rusqlite::Result<Vec<ShopOrder>> {
    let mut select = conn.prepare_cached(
        "SELECT reference, transaction_id, anonymous_id, evidence FROM shop_orders
         WHERE source = ?1 AND reference = ?2",
    )?;
    let mut found = Vec::new();
    for reference in references {
        let row = select
            .query_row(params![source, reference], |row| {
                Ok(ShopOrder {
                    reference: row.get(0)?,
                    transaction_id: row.get(1)?,
                    anonymous_id: row.get(2)?,
                    evidence: row.get(3)?,
                })
            })
            .optional()?;
        found.extend(row);
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
    use crate::store::sqlite::{SqliteConfig, SqliteStore};

    const DAY_MS: i64 = 86_400_000;

    fn order(reference: &str, transaction_id: &str) -> ShopOrder {
        ShopOrder {
            reference: reference.to_owned(),
            transaction_id: transaction_id.to_owned(),
            anonymous_id: None,
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
