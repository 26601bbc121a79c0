-- Programs that are told of what happens. Secrets sign what is sent, so they are
-- kept as they are. Times are milliseconds since 1970 UTC; 0 is never.
CREATE TABLE webhooks (
    id       TEXT PRIMARY KEY,
    url      TEXT NOT NULL,
    secret   TEXT NOT NULL,
    events   TEXT NOT NULL, -- names, with a space between
    prospect TEXT REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE, -- NULL is all that the maker may see
    maker    TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created  INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0, -- in a row
    retry    INTEGER NOT NULL DEFAULT 0, -- not before
    problem  TEXT NOT NULL DEFAULT '',   -- the last, while it lasts
    sent     INTEGER NOT NULL DEFAULT 0, -- when the last message was taken
    disabled INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1))
) STRICT, WITHOUT ROWID;

-- What is still to be sent, in this order.
CREATE TABLE webhook_queue (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    hook     TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    message  TEXT NOT NULL,
    type     TEXT NOT NULL,
    body     BLOB NOT NULL
) STRICT;
CREATE INDEX webhook_queue_hook ON webhook_queue (hook, seq);

-- The last tries of each webhook, for people to look at.
CREATE TABLE webhook_deliveries (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    hook     TEXT NOT NULL REFERENCES webhooks (id) ON DELETE CASCADE,
    prospect TEXT REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE, -- NULL is a test
    message  TEXT NOT NULL,
    type     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    took     INTEGER NOT NULL, -- milliseconds
    status   INTEGER NOT NULL, -- of the answer; 0 is none
    problem  TEXT NOT NULL     -- empty: it was taken
) STRICT;
CREATE INDEX webhook_deliveries_hook ON webhook_deliveries (hook, seq);

-- Events that are found again with every change, such as those of handoffs.
CREATE TABLE webhook_told (
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    key      TEXT NOT NULL,
    PRIMARY KEY (prospect, key)
) STRICT, WITHOUT ROWID;
