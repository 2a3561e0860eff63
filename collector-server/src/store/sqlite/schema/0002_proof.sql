-- The proof of consent and of access: two append-only chains, and who may ask.

-- Receipts of choices. `body` is canonical JSON, `hash` = SHA-256(hash of the row before || body).
CREATE TABLE receipts(number INTEGER PRIMARY KEY, hash BLOB NOT NULL, body TEXT NOT NULL);
CREATE INDEX receipts_subject ON receipts(json_extract(body, '$.subject_key'), number);
-- What receipts share (controller, recipients …), named by its SHA-256.
CREATE TABLE terms(sha256 BLOB PRIMARY KEY, body TEXT NOT NULL) WITHOUT ROWID;
-- Which choice of which browser has which receipt. `key` begins with the 16 bytes of the anonymous id, so that the
-- rows of a browser are neighbours; without them nothing leads from a browser to its receipts.
CREATE TABLE choices(key BLOB PRIMARY KEY, receipt INTEGER NOT NULL, subject_key TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX choices_receipt ON choices(receipt);
ALTER TABLE log ADD COLUMN receipt INTEGER;
ALTER TABLE copies ADD COLUMN receipt INTEGER;

-- Who looked at personal records. Same chain as receipts.
CREATE TABLE audit(number INTEGER PRIMARY KEY, hash BLOB NOT NULL, body TEXT NOT NULL);

-- Where a chain begins after retention took its oldest rows: number and hash of the last row that went.
CREATE TABLE anchors(chain TEXT PRIMARY KEY, number INTEGER NOT NULL, hash BLOB NOT NULL) WITHOUT ROWID;

CREATE TRIGGER receipts_stay BEFORE UPDATE ON receipts
BEGIN SELECT RAISE(ABORT, 'a receipt is never changed'); END;
CREATE TRIGGER receipts_remain BEFORE DELETE ON receipts
WHEN NOT EXISTS(SELECT 1 FROM anchors WHERE chain = 'receipts' AND number >= OLD.number)
BEGIN SELECT RAISE(ABORT, 'a receipt is deleted by retention only'); END;
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'an audit row is never changed'); END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit
WHEN NOT EXISTS(SELECT 1 FROM anchors WHERE chain = 'audit' AND number >= OLD.number)
BEGIN SELECT RAISE(ABORT, 'an audit row is deleted by retention only'); END;
CREATE TRIGGER terms_stay BEFORE UPDATE ON terms
BEGIN SELECT RAISE(ABORT, 'terms are never changed'); END;
CREATE TRIGGER terms_remain BEFORE DELETE ON terms
BEGIN SELECT RAISE(ABORT, 'terms are never deleted'); END;

-- Tokens of the administrative doors; `hash` is argon2id in the PHC string format.
CREATE TABLE tokens(id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, hash TEXT NOT NULL,
  created_at INTEGER NOT NULL, revoked_at INTEGER) WITHOUT ROWID;
