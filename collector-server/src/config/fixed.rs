//! What a running collector cannot change: a reload keeps it and says so.

use super::Config;

impl Config {
    /// Replaces what is fixed while the collector runs by what `running` has. Returns the keys that differ: they
    /// count from the next start on.
    pub fn keep_fixed(&mut self, running: &Self) -> Vec<&'static str> {
        let mut kept = Vec::new();
        macro_rules! fixed {
            ($($section:ident . $key:ident),+ $(,)?) => {$(
                if self.$section.$key != running.$section.$key {
                    self.$section.$key.clone_from(&running.$section.$key);
                    kept.push(concat!(stringify!($section), ".", stringify!($key)));
                }
            )+};
        }
        fixed!(
            server.listen,
            server.metrics_listen,
            server.idle_timeout_secs,
            server.write_timeout_secs,
            server.connection_age_secs,
            server.worker_threads,
            server.log_format,
            limits.connections,
            limits.connections_per_address,
            limits.requests_per_connection,
            limits.head_bytes,
            limits.uri_bytes,
            store.dir,
            store.page_bytes,
            store.cache_kib,
            store.wal_checkpoint_pages,
            store.queue_requests,
            store.queue_bytes,
            store.readers,
            store.max_mib,
            store.quarantine_rows,
            privacy.keys,
            privacy.person_identifiers,
        );
        kept
    }
}

#[cfg(test)]
mod tests {
    use crate::config::parse;

    const SOURCE: &str = "[[source]]\nname = \"web\"\nkind = \"browser\"\nwrite_key = \"pk_1\"\norigins = [\"https://shop.example\"]\n";

    #[test]
    fn what_is_fixed_stays_and_is_named_and_the_rest_changes() {
        let running = parse(SOURCE, "test.toml").unwrap();
        let text = format!(
            "[server]\nlisten = \"127.0.0.1:9\"\ndrain_timeout_secs = 3\n[store]\ndir = \"elsewhere\"\nretention_days = 60\n{SOURCE}"
        );
        let mut new = parse(&text, "test.toml").unwrap();
        assert_eq!(new.keep_fixed(&running), ["server.listen", "store.dir"]);
        assert_eq!(new.server.listen, running.server.listen);
        assert_eq!(new.store.dir, running.store.dir);
        assert_eq!(new.server.drain_timeout_secs, 3);
        assert_eq!(new.store.retention_days, 60);
        assert!(new.keep_fixed(&running).is_empty());
    }
}
