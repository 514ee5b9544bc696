-- What registers must not miss, until it is old. Beside the chain: it may be removed.
CREATE TABLE events (
    seq INTEGER PRIMARY KEY,
    event_id TEXT NOT NULL,
    at TEXT NOT NULL,
    type TEXT NOT NULL,
    reader_id TEXT,
    data TEXT NOT NULL CHECK (json_valid(data))
) STRICT;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'events are never changed');
END;
