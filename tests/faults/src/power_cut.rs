//! What a power cut leaves: copies of the store whose last writes are missing, half there or garbage.
//!
//! The collector is asked for one request after the other, and the length of its write-ahead log is noted with every
//! acknowledgement: what was acknowledged when the log was that long was synced by then. A copy that is cut at or
//! after that length must still hold it. Whatever the cut, the store opens, takes events, and its chains are whole.

mod copies;

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context as _, ensure};
use firsthand_collector::store::sqlite::{Chain, FILE_NAME, Inspector, SqliteConfig, SqliteStore};
use firsthand_collector::store::{Append, Appended, NewEvent, Owner, SourceKind, Store as _};
use tokio::io::{AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;

use self::copies::{Copies, Damage};
use crate::http;
use crate::load::{Door, Expected, ORIGIN, Request, SECRET_KEY, Script};
use crate::oracle::Finding;
use crate::scenario::Length;
use crate::world::World;

/// Most events that are read back.
const MAX_EVENTS: usize = 1_000_000;

/// Events that one acknowledgement promised, and how long the log was then.
#[derive(Debug)]
struct Promise {
    ids: Vec<String>,
    wal_bytes: u64,
}

/// Fills a store, then cuts copies of it. Returns how many, and what was wrong.
pub async fn run(world: &mut World, length: Length) -> anyhow::Result<(u64, Vec<Finding>)> {
    let engine = world.engine()?;
    let wal = engine.dir.join(format!("{FILE_NAME}-wal"));
    let mut promises = Vec::new();
    let mut script = Script::new("cut", world.dice.fork("cut"));
    for _ in 0..length.of(30, 150) {
        let request = script.next_request();
        let ids = send(world, &request).await?;
        let wal_bytes = std::fs::metadata(&wal)
            .context("the write-ahead log")?
            .len();
        promises.push(Promise { ids, wal_bytes });
    }
    world.kill().await?;
    let copies = Copies::take(&engine).await?;
    let mut findings = Vec::new();
    let damages = copies.damages(&mut world.dice, length);
    for damage in &damages {
        let folder = tempfile::tempdir().context("making a folder")?;
        copies.damaged(*damage, folder.path())?;
        let config = SqliteConfig {
            dir: folder.path().to_owned(),
            ..engine.clone()
        };
        let opened = open(config).await;
        let wrong = match opened {
            Ok(found) => missing(&promises, &found, *damage),
            Err(error) => Some(format!("{error:#}")),
        };
        findings.extend(wrong.map(|wrong| Finding::Complaint(format!("{damage:?}: {wrong}"))));
    }
    Ok((damages.len() as u64, findings))
}

/// Sends a request until it is acknowledged, and returns which events were.
async fn send(world: &World, request: &Request) -> anyhow::Result<Vec<String>> {
    let addr = world.addr()?;
    let mut stream = BufReader::new(TcpStream::connect(addr).await?);
    let body = request.body(world.clock.now_ms());
    let door = match request.door {
        Door::Page => format!("origin: {ORIGIN}"),
        Door::Backend => format!("authorization: Bearer {SECRET_KEY}"),
    };
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: {addr}\r\nconnection: close\r\n{door}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream
        .write_all(&[head.as_bytes(), body.as_bytes()].concat())
        .await?;
    let answer = http::read(&mut stream).await?.context("no answer")?;
    ensure!(answer.status() == 202, "answered {}", answer.head);
    let taken = request.events.iter();
    Ok(taken
        .filter(|(_, expected)| matches!(expected, Expected::Taken(_)))
        .map(|(id, _)| id.clone())
        .collect())
}

/// Opens a store, asks for all it holds, writes to it, and checks its chains.
async fn open(config: SqliteConfig) -> anyhow::Result<BTreeSet<String>> {
    let store = SqliteStore::open(config.clone()).context("it does not open")?;
    let log = store
        .read_log(0, MAX_EVENTS)
        .await
        .context("it cannot be read")?;
    let answers = store
        .append(one_more())
        .await
        .context("it cannot be written")?;
    ensure!(
        matches!(answers[..], [Appended::Accepted(_)]),
        "it answers {answers:?}"
    );
    store.close().await;
    let faults = Inspector::open_with_keys(&config, |view| {
        let receipts = view.verify(Chain::Receipts, None)?.faults;
        Ok([receipts, view.verify(Chain::Audit, None)?.faults].concat())
    })
    .context("it cannot be inspected")?;
    ensure!(faults.is_empty(), "its chains are broken: {faults:?}");
    Ok(log.into_iter().map(|event| event.event_id).collect())
}

fn one_more() -> Append {
    Append {
        source: "web".into(),
        kind: SourceKind::Browser,
        received_at_ms: 1,
        header: "{}".to_owned(),
        events: vec![NewEvent {
            name: "view_item".to_owned(),
            event_id: "after the cut".to_owned(),
            at_ms: 1,
            settle_until_ms: 1,
            event: r#"{"id":"after the cut","name":"view_item","at":1,"props":{}}"#.to_owned(),
        }],
        quarantined: Vec::new(),
        receipt: None,
        owner: Owner::default(),
        subject: firsthand_collector::privacy::subject::Subject::default(),
    }
}

/// Returns what was synced before the cut and is gone.
fn missing(promises: &[Promise], found: &BTreeSet<String>, damage: Damage) -> Option<String> {
    let whole_until = damage.whole_until()?;
    let synced = promises
        .iter()
        .filter(|promise| promise.wal_bytes <= whole_until)
        .flat_map(|promise| &promise.ids);
    let gone: Vec<&String> = synced.filter(|id| !found.contains(*id)).collect();
    let first = gone.first()?;
    Some(format!(
        "{} acknowledged events are gone, {first} first",
        gone.len()
    ))
}

/// Returns a file's bytes.
fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("reading {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_synced_before_the_cut_and_is_gone_is_seen() {
        let promise = |id: &str, wal_bytes| Promise {
            ids: vec![id.to_owned()],
            wal_bytes,
        };
        let promises = [promise("a", 100), promise("b", 200)];
        let found = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        for (ids, damage, is_wrong) in [
            (&["a", "b"][..], Damage::LogCut(200), false),
            (&["a"], Damage::LogCut(199), false),
            (&["a"], Damage::LogCut(200), true),
            (&[], Damage::LogTorn(100, 1), true),
            (&["a"], Damage::FoldCut(5), true),
            (&["a"], Damage::FoldTorn(5), true),
            (&[], Damage::FileCut(5), false),
        ] {
            let said = missing(&promises, &found(ids), damage);
            assert_eq!(
                said.is_some(),
                is_wrong,
                "{damage:?} with {ids:?}: {said:?}"
            );
        }
    }
}
