-- Locations and Configurations as Stripe had them last, for a start without network.
CREATE TABLE terminal_objects (
    name TEXT PRIMARY KEY,
    body TEXT CHECK (body IS NULL OR json_valid(body)),
    fetched_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
