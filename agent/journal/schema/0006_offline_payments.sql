-- Payments stored without network: appended, chained by hash, never changed.
CREATE TABLE offline_entries (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    payment_id TEXT NOT NULL
        GENERATED ALWAYS AS (json_extract(body, '$.payment_id')) VIRTUAL
) STRICT;

CREATE INDEX offline_entries_by_payment ON offline_entries (payment_id, seq);
CREATE UNIQUE INDEX stored_once ON offline_entries (payment_id)
    WHERE kind = 'offline_payment_stored';
CREATE UNIQUE INDEX stored_in_order
    ON offline_entries (json_extract(body, '$.number'))
    WHERE kind = 'offline_payment_stored';
CREATE INDEX stored_by_intent
    ON offline_entries (json_extract(body, '$.payment_intent'), seq)
    WHERE kind = 'offline_payment_stored';
CREATE UNIQUE INDEX one_end_per_offline_payment ON offline_entries (payment_id)
    WHERE kind IN ('forwarded', 'forward_declined', 'offline_payment_voided');

CREATE TRIGGER offline_entries_are_never_changed BEFORE UPDATE ON offline_entries
BEGIN
    SELECT RAISE(ABORT, 'entries are never changed');
END;

CREATE TRIGGER offline_entries_are_never_deleted BEFORE DELETE ON offline_entries
BEGIN
    SELECT RAISE(ABORT, 'entries are never deleted');
END;

-- Also stops INSERT OR REPLACE, which deletes without asking the trigger above.
CREATE TRIGGER offline_entries_leave_no_gap BEFORE INSERT ON offline_entries
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM offline_entries)
BEGIN
    SELECT RAISE(ABORT, 'entries are only appended, one after the other');
END;

-- What Stripe still needs, sealed under a key that is not in this file.
CREATE TABLE offline_sealed (
    payment_id TEXT PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER sealed_is_not_needed_any_more AFTER INSERT ON offline_entries
WHEN NEW.kind IN ('forwarded', 'forward_declined', 'offline_payment_voided')
BEGIN
    DELETE FROM offline_sealed WHERE payment_id = NEW.payment_id;
END;

-- PaymentIntents made here while Stripe could not be reached, sealed alike.
CREATE TABLE offline_intents (
    payment_intent TEXT PRIMARY KEY,
    at TEXT NOT NULL,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- By the payments' own journal: a stored payment that vanished is missed.
CREATE INDEX stored_offline ON entries (payment_id) WHERE kind = 'stored_offline';

CREATE TRIGGER stored_card_is_held_elsewhere AFTER INSERT ON entries
WHEN NEW.kind = 'stored_offline'
BEGIN
    DELETE FROM held_cards WHERE payment_id = NEW.payment_id;
END;
