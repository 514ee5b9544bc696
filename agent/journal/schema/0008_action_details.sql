-- What registers send with an action and customers answer at a reader: kept apart from
-- the entries, which stay for ever, and erased after a day.
CREATE TABLE action_details (
    payment_id TEXT PRIMARY KEY,
    replaces TEXT,
    content TEXT NOT NULL CHECK (json_valid(content)),
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX action_details_by_age ON action_details (at);
CREATE INDEX action_details_by_place ON action_details (replaces)
    WHERE replaces IS NOT NULL;

-- Signatures, which those contents name.
CREATE TABLE action_files (
    file_id TEXT PRIMARY KEY,
    content BLOB NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX action_files_by_age ON action_files (at);
