-- What happened in payments: appended, chained by hash, never changed.
CREATE TABLE entries (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    payment_id TEXT NOT NULL
        GENERATED ALWAYS AS (json_extract(body, '$.payment_id')) VIRTUAL,
    reader_id TEXT
        GENERATED ALWAYS AS (json_extract(body, '$.reader_id')) VIRTUAL
) STRICT;

CREATE INDEX entries_by_payment ON entries (payment_id, seq);
CREATE INDEX requests_by_reader ON entries (reader_id, seq)
    WHERE kind = 'action_requested';
CREATE UNIQUE INDEX one_request_per_payment ON entries (payment_id)
    WHERE kind = 'action_requested';
CREATE UNIQUE INDEX one_end_per_payment ON entries (payment_id)
    WHERE kind = 'action_finished';

CREATE TRIGGER entries_are_never_changed BEFORE UPDATE ON entries
BEGIN
    SELECT RAISE(ABORT, 'entries are never changed');
END;

CREATE TRIGGER entries_are_never_deleted BEFORE DELETE ON entries
BEGIN
    SELECT RAISE(ABORT, 'entries are never deleted');
END;

-- Also stops INSERT OR REPLACE, which deletes without asking the trigger above.
CREATE TRIGGER entries_leave_no_gap BEFORE INSERT ON entries
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM entries)
BEGIN
    SELECT RAISE(ABORT, 'entries are only appended, one after the other');
END;

-- The payments to recover after a crash, without reading the journal.
CREATE TABLE unfinished (
    requested_seq INTEGER PRIMARY KEY,
    payment_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER payment_begins AFTER INSERT ON entries
WHEN NEW.kind = 'action_requested'
BEGIN
    INSERT INTO unfinished (requested_seq, payment_id)
    VALUES (NEW.seq, NEW.payment_id);
END;

CREATE TRIGGER payment_ends AFTER INSERT ON entries
WHEN NEW.kind = 'action_finished'
BEGIN
    DELETE FROM unfinished WHERE payment_id = NEW.payment_id;
END;

-- The reader's ciphertext, needed to repeat a confirm with the same bytes.
CREATE TABLE held_cards (
    payment_id TEXT PRIMARY KEY,
    card BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER held_card_is_not_needed_any_more AFTER INSERT ON entries
WHEN NEW.kind IN ('confirmed', 'declined', 'not_charged', 'action_finished')
BEGIN
    DELETE FROM held_cards WHERE payment_id = NEW.payment_id;
END;

-- The readers of this machine that Stripe does not know.
CREATE TABLE readers (
    reader_id TEXT PRIMARY KEY,
    spec TEXT NOT NULL,
    model TEXT NOT NULL,
    device_type TEXT NOT NULL,
    serial_number TEXT NOT NULL,
    firmware_version TEXT,
    label TEXT NOT NULL,
    location TEXT,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    registered_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who may call the local API. The key itself is never stored.
CREATE TABLE local_keys (
    key_id TEXT PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    scopes TEXT NOT NULL CHECK (json_valid(scopes)),
    label TEXT NOT NULL,
    prefix TEXT NOT NULL,
    last4 TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT,
    last_used_at TEXT
) STRICT, WITHOUT ROWID;

-- What was answered to an Idempotency-Key, to be answered again.
CREATE TABLE answers (
    key TEXT PRIMARY KEY,
    fingerprint TEXT NOT NULL,
    status INTEGER NOT NULL,
    body BLOB NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX answers_by_age ON answers (at);
