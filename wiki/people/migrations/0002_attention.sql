-- Who watches a prospect: 1 by default or by choice, 0 by choice. Times are
-- milliseconds since 1970 UTC, as everywhere.
CREATE TABLE subscriptions (
    person   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    watch    INTEGER NOT NULL CHECK (watch IN (0, 1)),
    PRIMARY KEY (person, prospect)
) STRICT, WITHOUT ROWID;
CREATE INDEX subscriptions_prospect ON subscriptions (prospect);

-- What is in somebody's inbox. The key makes one of what belongs together.
CREATE TABLE notices (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    person   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    kind     TEXT NOT NULL,
    key      TEXT NOT NULL,
    section  TEXT NOT NULL,
    path     TEXT NOT NULL, -- below the prospect's address
    actor    TEXT NOT NULL, -- person id, or "" for the wiki itself
    name     TEXT NOT NULL,
    title    TEXT NOT NULL,
    text     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    times    INTEGER NOT NULL DEFAULT 1,
    seen     INTEGER NOT NULL DEFAULT 0 CHECK (seen IN (0, 1)),
    mailed   INTEGER NOT NULL DEFAULT 0 CHECK (mailed IN (0, 1)),
    UNIQUE (person, prospect, key)
) STRICT;
CREATE INDEX notices_person ON notices (person, at);

-- How far a side was followed; events is how far its handoffs were.
CREATE TABLE attention (
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    section  TEXT NOT NULL,
    head     TEXT NOT NULL,
    events   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (prospect, section)
) STRICT, WITHOUT ROWID;
CREATE TABLE attention_begun (only INTEGER PRIMARY KEY CHECK (only = 1)) STRICT;
