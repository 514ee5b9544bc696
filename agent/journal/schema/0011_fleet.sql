-- How far others have been told of the events, by their name.
CREATE TABLE event_cursors (
    name TEXT PRIMARY KEY,
    seq INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Orders of the fleet that were taken, until they have expired: none counts twice.
CREATE TABLE taken_orders (
    order_id TEXT PRIMARY KEY,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX taken_orders_by_age ON taken_orders (expires_at);
