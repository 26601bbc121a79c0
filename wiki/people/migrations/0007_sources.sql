-- What outside sources tell of prospects. What people decided about an item
-- (kept, dismissed), what they have seen and what a prospect is searched by
-- stands nowhere else. Times are milliseconds since 1970 UTC.

CREATE TABLE source_words (
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    words    TEXT NOT NULL,
    PRIMARY KEY (prospect)
) STRICT, WITHOUT ROWID;

-- How asking a source went: for one prospect, or with '' for all of them.
CREATE TABLE source_asks (
    source   TEXT NOT NULL,
    prospect TEXT NOT NULL,
    asked    INTEGER NOT NULL, -- what was asked, as a number made of it
    etag     TEXT NOT NULL DEFAULT '',
    modified TEXT NOT NULL DEFAULT '',
    at       INTEGER NOT NULL DEFAULT 0, -- answered last
    next     INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    since    INTEGER NOT NULL DEFAULT 0, -- failing since; 0 when it is not
    problem  TEXT NOT NULL DEFAULT '',
    PRIMARY KEY (source, prospect)
) STRICT, WITHOUT ROWID;

CREATE TABLE source_items (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    source   TEXT NOT NULL,
    key      TEXT NOT NULL, -- made of what the source knows it by
    title    TEXT NOT NULL,
    link     TEXT NOT NULL,
    text     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    state    INTEGER NOT NULL DEFAULT 0 CHECK (state IN (0, 1, 2)), -- undecided, kept, dismissed
    page     TEXT NOT NULL DEFAULT '', -- of what was kept
    person   TEXT NOT NULL DEFAULT '', -- who decided
    UNIQUE (prospect, source, key)
) STRICT;
CREATE INDEX source_items_state ON source_items (prospect, state, at);
CREATE INDEX source_items_link ON source_items (prospect, link);

-- Up to which item somebody has looked at the items of a prospect.
CREATE TABLE source_seen (
    person   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    upto     INTEGER NOT NULL,
    PRIMARY KEY (person, prospect)
) STRICT, WITHOUT ROWID;
