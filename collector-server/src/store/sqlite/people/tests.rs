use super::*;
use crate::privacy::keys::{KeyRing, testing_ring};
use crate::privacy::subject::Subject;
use crate::store::sqlite::{SqliteConfig, append::Cache, schema};

const NOW: i64 = 1_795_471_200_000;
const DAY_MS: i64 = 86_400_000;

struct World {
    conn: Connection,
    cache: Cache,
    ring: Arc<KeyRing>,
    _dir: tempfile::TempDir,
}

impl World {
    fn new(person_identifiers: u32) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = SqliteConfig {
            person_identifiers,
            ..SqliteConfig::new(dir.path())
        };
        let conn = schema::open_writer(&dir.path().join("test.db"), &config).unwrap();
        let standings = Arc::new(Standings::load(&conn).unwrap());
        let ring = Arc::new(testing_ring());
        let cache = Cache::load(&conn, &config, Arc::clone(&ring), standings).unwrap();
        Self {
            ring,
            cache,
            conn,
            _dir: dir,
        }
    }

    fn subject(&self, browser: &str, address: &str) -> Subject {
        Subject {
            identifiers: vec![
                self.ring.identifier(Kind::AnonymousId, browser),
                self.ring.identifier(Kind::Email, address),
            ],
            may_link: true,
            refused: Refusals::default(),
        }
    }

    fn link(&mut self, subject: &Subject) {
        link(&self.conn, &mut self.cache.people, subject, NOW).unwrap();
    }

    fn word(&mut self, identifier: Identifier, at_ms: i64) {
        let subject = Subject {
            identifiers: vec![identifier],
            may_link: false,
            refused: Refusals([Some(at_ms), None, None, None]),
        };
        take_word(&self.conn, &mut self.cache.people, &subject, NOW).unwrap();
    }

    fn browser(&self, id: &str) -> Identifier {
        self.ring.identifier(Kind::AnonymousId, id)
    }

    /// When the person behind a browser last said no to marketing.
    fn refused(&self, browser: &str) -> Option<i64> {
        let key = self.browser(browser).key;
        let read = standing::read(&self.conn, &[key]).unwrap();
        let refused = read[0].1.refused;
        // The filter must let through whatever there is.
        assert!(refused.is_none() || self.cache.people.standings.may_hold(key));
        refused.0[0]
    }

    fn rows(&self, table: &str) -> i64 {
        self.conn
            .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| {
                row.get(0)
            })
            .unwrap()
    }
}

#[test]
fn a_no_reaches_every_browser_of_the_person_whichever_came_first() {
    let mut world = World::new(32);
    let (phone, desktop) = (
        world.subject("phone", "jane"),
        world.subject("desktop", "jane"),
    );
    world.link(&phone);
    world.word(phone.identifiers[0], 100);
    assert_eq!(world.refused("desktop"), None, "nobody knows yet");
    world.link(&desktop);
    assert_eq!(
        world.refused("desktop"),
        Some(100),
        "who comes later is under what was said"
    );
    world.word(phone.identifiers[0], 300);
    world.word(phone.identifiers[0], 200);
    assert_eq!(
        world.refused("desktop"),
        Some(300),
        "an earlier no takes nothing back"
    );
    assert_eq!(world.refused("stranger"), None);
}

#[test]
fn a_header_that_names_two_people_makes_them_one() {
    let mut world = World::new(32);
    let (one, other) = (world.subject("a", "jane"), world.subject("b", "doe"));
    world.link(&one);
    world.link(&other);
    world.word(one.identifiers[0], 100);
    world.word(other.identifiers[0], 50);
    assert_eq!((world.rows("people"), world.refused("b")), (2, Some(50)));
    world.link(&world.subject("a", "doe"));
    assert_eq!((world.rows("people"), world.rows("links")), (1, 4));
    assert_eq!(world.refused("b"), Some(100));
    assert_eq!(world.refused("a"), Some(100));
}

#[test]
fn an_address_that_everybody_types_does_not_weld_the_world_together() {
    let mut world = World::new(4);
    for n in 0..100 {
        world.link(&world.subject(&format!("browser-{n}"), "test"));
    }
    assert_eq!((world.rows("people"), world.rows("links")), (1, 4));
    world.word(world.browser("browser-0"), 100);
    assert_eq!(world.refused("browser-2"), Some(100));
    assert_eq!(
        world.refused("browser-3"),
        None,
        "beyond the bound nobody is linked"
    );
    // Nor do two people merge into one that is too large.
    for (browser, address) in [("x", "x"), ("y", "x"), ("x", "test")] {
        world.link(&world.subject(browser, address));
    }
    assert_eq!(world.rows("people"), 2);
}

/// Intake must not pay for what it knows: a header that was seen writes no row and reads none.
#[test]
fn a_known_header_costs_no_row() {
    let mut world = World::new(32);
    let subject = world.subject("phone", "jane");
    world.link(&subject);
    let before = world.conn.total_changes();
    for _ in 0..1_000 {
        world.link(&subject);
    }
    assert_eq!(world.conn.total_changes(), before);
    // Also when it is known from the file alone.
    world.cache.people.forget();
    world.link(&subject);
    assert_eq!(world.conn.total_changes(), before);
}

#[test]
fn one_identifier_alone_or_without_consent_leaves_nothing() {
    let mut world = World::new(32);
    let mut alone = world.subject("phone", "jane");
    alone.identifiers.truncate(1);
    world.link(&alone);
    let silent = Subject {
        may_link: false,
        ..world.subject("phone", "jane")
    };
    world.link(&silent);
    world.word(world.browser("phone"), 100);
    assert_eq!((world.rows("people"), world.rows("links")), (0, 0));
}

#[test]
fn a_servers_word_of_somebody_who_was_never_here_waits_for_them() {
    let mut world = World::new(32);
    world.word(world.ring.identifier(Kind::Email, "jane"), 100);
    world.link(&world.subject("phone", "jane"));
    assert_eq!(world.refused("phone"), Some(100));
}

#[test]
fn what_a_later_no_took_away_is_linked_with_the_no() {
    let mut world = World::new(32);
    let subject = Subject {
        refused: Refusals([Some(100), None, None, None]),
        ..world.subject("phone", "jane")
    };
    world.link(&subject);
    world.link(&world.subject("desktop", "jane"));
    assert_eq!(world.refused("desktop"), Some(100));
}

#[test]
fn who_was_not_seen_for_long_is_forgotten_and_who_comes_is_not() {
    let mut world = World::new(32);
    world.link(&world.subject("old", "jane"));
    let late = world.subject("young", "doe");
    let then = NOW + 100 * DAY_MS;
    link(&world.conn, &mut world.cache.people, &late, then).unwrap();
    prune(&world.conn, &mut world.cache.people, NOW + DAY_MS).unwrap();
    assert_eq!((world.rows("people"), world.rows("links")), (1, 2));
    // A visit brings the time up to date, though the header is known.
    let later = then + 100 * DAY_MS;
    link(&world.conn, &mut world.cache.people, &late, later).unwrap();
    prune(&world.conn, &mut world.cache.people, later - DAY_MS).unwrap();
    assert_eq!(world.rows("people"), 1);
    world.word(late.identifiers[0], later + DAY_MS);
    prune(&world.conn, &mut world.cache.people, later + 1).unwrap();
    assert_eq!(world.rows("people"), 1, "a no is kept as long as a visit");
}

#[test]
fn who_is_taken_off_is_not_known_by_others_any_more() {
    let mut world = World::new(32);
    let phone = world.subject("phone", "jane");
    world.link(&phone);
    world.link(&world.subject("desktop", "jane"));
    unlink(&world.conn, &mut world.cache.people, &phone.identifiers).unwrap();
    assert_eq!((world.rows("people"), world.rows("links")), (1, 1));
    let rest = [world.browser("desktop")];
    unlink(&world.conn, &mut world.cache.people, &rest).unwrap();
    assert_eq!((world.rows("people"), world.rows("links")), (0, 0));
}
