-- What happened in firmware updates: appended, chained by hash, never changed.
CREATE TABLE update_entries (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    update_id TEXT NOT NULL
        GENERATED ALWAYS AS (json_extract(body, '$.update_id')) VIRTUAL,
    reader_id TEXT
        GENERATED ALWAYS AS (json_extract(body, '$.reader_id')) VIRTUAL
) STRICT;

CREATE INDEX update_entries_by_update ON update_entries (update_id, seq);
CREATE INDEX update_requests_by_reader ON update_entries (reader_id, seq)
    WHERE kind = 'update_requested';
CREATE UNIQUE INDEX one_request_per_update ON update_entries (update_id)
    WHERE kind = 'update_requested';
CREATE UNIQUE INDEX one_end_per_update ON update_entries (update_id)
    WHERE kind = 'update_ended';

CREATE TRIGGER update_entries_are_never_changed BEFORE UPDATE ON update_entries
BEGIN
    SELECT RAISE(ABORT, 'entries are never changed');
END;

CREATE TRIGGER update_entries_are_never_deleted BEFORE DELETE ON update_entries
BEGIN
    SELECT RAISE(ABORT, 'entries are never deleted');
END;

-- Also stops INSERT OR REPLACE, which deletes without asking the trigger above.
CREATE TRIGGER update_entries_leave_no_gap BEFORE INSERT ON update_entries
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM update_entries)
BEGIN
    SELECT RAISE(ABORT, 'entries are only appended, one after the other');
END;

-- The updates to take up after a crash, without reading all of them.
CREATE TABLE unfinished_updates (
    requested_seq INTEGER PRIMARY KEY,
    update_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER update_begins AFTER INSERT ON update_entries
WHEN NEW.kind = 'update_requested'
BEGIN
    INSERT INTO unfinished_updates (requested_seq, update_id)
    VALUES (NEW.seq, NEW.update_id);
END;

CREATE TRIGGER update_ends AFTER INSERT ON update_entries
WHEN NEW.kind = 'update_ended'
BEGIN
    DELETE FROM unfinished_updates WHERE update_id = NEW.update_id;
END;
