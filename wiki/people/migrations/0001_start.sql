-- Times are milliseconds since 1970 UTC. Hashes are SHA-256 of the secret.

CREATE TABLE people (
    id        TEXT PRIMARY KEY,
    handle    TEXT NOT NULL UNIQUE,
    name      TEXT NOT NULL,
    email     TEXT NOT NULL UNIQUE,
    role      TEXT NOT NULL CHECK (role IN ('admin', 'member')),
    job       TEXT NOT NULL CHECK (job IN ('', 'sales', 'technical', 'delivery', 'marketing', 'manager')),
    skills    TEXT NOT NULL DEFAULT '',
    guest     INTEGER NOT NULL DEFAULT 0 CHECK (guest IN (0, 1)),
    disabled  INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),
    password  TEXT NOT NULL DEFAULT '',
    theme     TEXT NOT NULL DEFAULT 'system' CHECK (theme IN ('system', 'light', 'dark')),
    shortcuts INTEGER NOT NULL DEFAULT 1 CHECK (shortcuts IN (0, 1)),
    zone      TEXT NOT NULL DEFAULT '',
    created   INTEGER NOT NULL,
    CHECK (NOT (guest = 1 AND role = 'admin'))
) STRICT;

CREATE TABLE setup (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    hash BLOB NOT NULL
) STRICT;

CREATE TABLE invitations (
    id      TEXT PRIMARY KEY,
    hash    BLOB NOT NULL UNIQUE,
    email   TEXT NOT NULL UNIQUE,
    name    TEXT NOT NULL,
    role    TEXT NOT NULL,
    job     TEXT NOT NULL,
    inviter TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;

CREATE TABLE links (
    hash    BLOB PRIMARY KEY,
    person  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX links_person ON links (person);

CREATE TABLE sessions (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    hash    BLOB NOT NULL UNIQUE,
    person  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    ip      TEXT NOT NULL,
    agent   TEXT NOT NULL,
    created INTEGER NOT NULL,
    seen    INTEGER NOT NULL,
    expires INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_person ON sessions (person);

CREATE TABLE tokens (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    id      TEXT NOT NULL UNIQUE,
    hash    BLOB NOT NULL UNIQUE,
    person  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    hint    TEXT NOT NULL,
    scopes  INTEGER NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL DEFAULT 0,
    used    INTEGER NOT NULL DEFAULT 0,
    ip      TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX tokens_person ON tokens (person);

CREATE TABLE prospects (
    name       TEXT PRIMARY KEY,
    owner      TEXT REFERENCES people (id),
    restricted INTEGER NOT NULL DEFAULT 0 CHECK (restricted IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE TABLE grants (
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    person   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    level    INTEGER NOT NULL CHECK (level IN (1, 2)),
    PRIMARY KEY (prospect, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX grants_person ON grants (person);

-- What somebody has read last of a page, and when they were last in a space.
CREATE TABLE marks (
    person   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    prospect TEXT NOT NULL,
    section  TEXT NOT NULL,
    page     TEXT NOT NULL,
    version  TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (person, prospect, section, page)
) STRICT, WITHOUT ROWID;
CREATE INDEX marks_prospect ON marks (prospect);

CREATE TABLE visits (
    person   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    prospect TEXT NOT NULL,
    last     INTEGER NOT NULL,
    before   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (person, prospect)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY AUTOINCREMENT,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    via      TEXT NOT NULL,
    action   TEXT NOT NULL,
    object   TEXT NOT NULL,
    prospect TEXT NOT NULL,
    ip       TEXT NOT NULL,
    detail   TEXT NOT NULL
) STRICT;
CREATE INDEX audit_actor ON audit (actor, seq);
CREATE INDEX audit_action ON audit (action, seq);
CREATE INDEX audit_prospect ON audit (prospect, seq);

CREATE TRIGGER audit_no_update BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;
CREATE TRIGGER audit_no_delete BEFORE DELETE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append only'); END;
