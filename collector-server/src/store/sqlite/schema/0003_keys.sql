-- What names a person is sealed: one random key a subject, each kept wrapped by a master key from outside.

-- The master keys that this data knows: their ids, and a proof by which the right key is recognised.
CREATE TABLE masters(id TEXT PRIMARY KEY, proof BLOB NOT NULL) WITHOUT ROWID;
-- Secrets of the whole file, wrapped: 'blind' makes the blind indexes.
CREATE TABLE secrets(name TEXT PRIMARY KEY, master TEXT NOT NULL, wrapped BLOB NOT NULL) WITHOUT ROWID;
-- `subject` is the blind index of the anonymous id, else of a digest; NULL for a request that names nobody. An id is
-- never used twice, so that a row whose key was destroyed stays unreadable.
CREATE TABLE data_keys(id INTEGER PRIMARY KEY AUTOINCREMENT, subject BLOB UNIQUE, master TEXT NOT NULL, wrapped BLOB NOT NULL);
CREATE INDEX data_keys_master ON data_keys(master);

-- `key` IS NULL: written in clear by an older version. Else `header` holds, sealed, the header and the JSON of the
-- events, and `events` frames without JSON. `purposes`: bits of what consent allowed, marketing first.
ALTER TABLE log ADD COLUMN key INTEGER;
ALTER TABLE log ADD COLUMN purposes INTEGER;
CREATE INDEX log_key ON log(key);
-- The same: `header` holds, sealed, the header and the event; `event` is empty.
ALTER TABLE copies ADD COLUMN key INTEGER;
ALTER TABLE copies ADD COLUMN purposes INTEGER;
CREATE INDEX copies_key ON copies(key);
ALTER TABLE quarantine ADD COLUMN key INTEGER;
CREATE INDEX quarantine_key ON quarantine(key) WHERE key IS NOT NULL;
CREATE INDEX quarantine_clear ON quarantine(id) WHERE key IS NULL AND payload IS NOT NULL;

-- Both are filled from their old rows when the store is opened with its keys.
DROP INDEX consent_age;
ALTER TABLE consent RENAME TO consent_clear;
CREATE TABLE consent(subject BLOB PRIMARY KEY, key INTEGER NOT NULL, evidence BLOB NOT NULL, received_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX consent_age ON consent(received_at);
CREATE INDEX consent_key ON consent(key);
-- `key` begins with the blind index of the anonymous id now.
DROP INDEX choices_receipt;
ALTER TABLE choices RENAME TO choices_clear;
CREATE TABLE choices(key BLOB PRIMARY KEY, receipt INTEGER NOT NULL, subject_key TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX choices_receipt ON choices(receipt);

-- Whose keys file is whose: a backup of other data never replaces it.
CREATE TABLE identity(id BLOB NOT NULL);
INSERT INTO identity VALUES(randomblob(16));
