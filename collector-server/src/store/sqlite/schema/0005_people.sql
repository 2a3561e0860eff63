-- Which identifiers are one person, what that person refused, who is kept out, and what privacy officers asked for.
-- Identifiers are blind indexes (`privacy::subject`): nothing here leads back to a value that was not given again.

-- `refused_…`: when the person last said no to this purpose, on any device. `seen_at` is brought up to date now and
-- then, not with every visit.
CREATE TABLE people(id INTEGER PRIMARY KEY, identifiers INTEGER NOT NULL, seen_at INTEGER NOT NULL,
  refused_marketing INTEGER, refused_analytics INTEGER, refused_personalization INTEGER, refused_sharing INTEGER);
CREATE TABLE links(key BLOB PRIMARY KEY, kind INTEGER NOT NULL, person INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX links_person ON links(person);

-- Who is kept out: `entry` is the task that put the key here.
CREATE TABLE suppressed(key BLOB PRIMARY KEY, kind INTEGER NOT NULL, entry TEXT NOT NULL, added_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX suppressed_entry ON suppressed(entry);

-- Blind dedup keys of events that were erased, so that a late copy does not bring one back.
CREATE TABLE erased_events(key BLOB PRIMARY KEY, seq INTEGER NOT NULL, erased_at INTEGER NOT NULL) WITHOUT ROWID;

-- What was asked for, written by a command or a door, carried out by the writer in steps. `state` is JSON: the way
-- that is done and the way to go; empty when the task is done.
CREATE TABLE privacy_tasks(id TEXT PRIMARY KEY, kind TEXT NOT NULL, asked TEXT NOT NULL, state TEXT NOT NULL,
  asked_at INTEGER NOT NULL, done_at INTEGER, receipt TEXT) WITHOUT ROWID;
CREATE INDEX privacy_tasks_open ON privacy_tasks(id) WHERE done_at IS NULL;

-- Whom a refused event was about: blind indexes, 16 bytes each.
ALTER TABLE quarantine ADD COLUMN subject BLOB;
