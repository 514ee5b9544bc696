-- Who has a reader for a while. A row stays when its lease ends, so that the token of the
-- next one is higher: a register that has slept cannot act on an old one.
CREATE TABLE leases (
    reader_id TEXT PRIMARY KEY,
    token INTEGER NOT NULL,
    key_id TEXT NOT NULL,
    owner TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What people did to this machine that others may ask about: appended, chained by hash.
CREATE TABLE audit_entries (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    subject TEXT NOT NULL
        GENERATED ALWAYS AS (json_extract(body, '$.subject')) VIRTUAL
) STRICT;

CREATE INDEX audit_entries_by_subject ON audit_entries (subject, seq);

CREATE TRIGGER audit_entries_are_never_changed BEFORE UPDATE ON audit_entries
BEGIN
    SELECT RAISE(ABORT, 'entries are never changed');
END;

CREATE TRIGGER audit_entries_are_never_deleted BEFORE DELETE ON audit_entries
BEGIN
    SELECT RAISE(ABORT, 'entries are never deleted');
END;

-- Also stops INSERT OR REPLACE, which deletes without asking the trigger above.
CREATE TRIGGER audit_entries_leave_no_gap BEFORE INSERT ON audit_entries
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit_entries)
BEGIN
    SELECT RAISE(ABORT, 'entries are only appended, one after the other');
END;
