-- Who wants to be told of which events; their secrets are in a file of their own.
CREATE TABLE webhook_endpoints (
    endpoint_id TEXT PRIMARY KEY,
    url TEXT NOT NULL,
    enabled_events TEXT NOT NULL CHECK (json_valid(enabled_events)),
    description TEXT,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    created_at TEXT NOT NULL,
    delivered_seq INTEGER NOT NULL,
    failing_since TEXT,
    disabled_reason TEXT
) STRICT, WITHOUT ROWID;
