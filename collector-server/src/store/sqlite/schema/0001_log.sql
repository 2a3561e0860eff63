-- The log, its dedup keys and copies, the quarantine, consent, and what forwarding has learned.
CREATE TABLE sources(id INTEGER PRIMARY KEY, name TEXT NOT NULL, kind INTEGER NOT NULL, UNIQUE(name, kind));
CREATE TABLE log(seq INTEGER PRIMARY KEY, n INTEGER NOT NULL, source INTEGER NOT NULL,
  received_at INTEGER NOT NULL, header TEXT NOT NULL, events TEXT NOT NULL);
CREATE TABLE dedup(key BLOB PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE copies(id INTEGER PRIMARY KEY, seq INTEGER NOT NULL, source INTEGER NOT NULL,
  received_at INTEGER NOT NULL, header TEXT NOT NULL, event TEXT NOT NULL, UNIQUE(seq, source));
CREATE TABLE quarantine(id INTEGER PRIMARY KEY, received_at INTEGER NOT NULL, source INTEGER NOT NULL,
  event_id TEXT, name TEXT, code TEXT NOT NULL, message TEXT NOT NULL, payload TEXT);
CREATE INDEX quarantine_event ON quarantine(event_id);
CREATE TABLE consent(anonymous_id TEXT PRIMARY KEY, evidence TEXT NOT NULL, received_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX consent_age ON consent(received_at);
CREATE TABLE destinations(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, cursor INTEGER NOT NULL DEFAULT 0, paused TEXT);
CREATE TABLE attempts(id INTEGER PRIMARY KEY, destination INTEGER NOT NULL, at_ms INTEGER NOT NULL,
  took_ms INTEGER NOT NULL, events INTEGER NOT NULL, status INTEGER NOT NULL, answer TEXT NOT NULL);
CREATE TABLE outcomes(destination INTEGER NOT NULL, seq INTEGER NOT NULL, state INTEGER NOT NULL, due_at INTEGER,
  reason TEXT, attempts INTEGER NOT NULL, at_ms INTEGER NOT NULL, attempt INTEGER,
  PRIMARY KEY(destination, seq)) WITHOUT ROWID;
CREATE INDEX outcomes_due ON outcomes(destination, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX outcomes_open ON outcomes(seq) WHERE due_at IS NOT NULL;
CREATE TABLE history(id INTEGER PRIMARY KEY, destination INTEGER NOT NULL, seq INTEGER NOT NULL, state INTEGER NOT NULL,
  due_at INTEGER, reason TEXT, attempts INTEGER NOT NULL, at_ms INTEGER NOT NULL, attempt INTEGER);
CREATE INDEX history_seq ON history(seq);
CREATE TABLE upkeep(task TEXT PRIMARY KEY, position INTEGER NOT NULL) WITHOUT ROWID;
