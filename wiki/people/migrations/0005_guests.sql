-- Guests: who may do what on the shared side of a prospect. Times are
-- milliseconds since 1970 UTC, 0 for none; hashes are SHA-256 of the secret.
CREATE TABLE guest_grants (
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    person   TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    role     TEXT NOT NULL CHECK (role IN ('viewer', 'commenter', 'editor')),
    until    INTEGER NOT NULL DEFAULT 0,
    over     INTEGER NOT NULL DEFAULT 0 CHECK (over IN (0, 1)), -- until has been reached once
    revoked  INTEGER NOT NULL DEFAULT 0,
    inviter  TEXT NOT NULL,
    link     TEXT NOT NULL DEFAULT '', -- the reusable link they came by
    created  INTEGER NOT NULL,
    accepted INTEGER NOT NULL DEFAULT 0,
    seen     INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (prospect, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX guest_grants_person ON guest_grants (person);

-- The one-time invitation of a grant that waits to be accepted.
CREATE TABLE guest_invitations (
    prospect TEXT NOT NULL,
    person   TEXT NOT NULL,
    hash     BLOB NOT NULL UNIQUE,
    expires  INTEGER NOT NULL,
    PRIMARY KEY (prospect, person),
    FOREIGN KEY (prospect, person) REFERENCES guest_grants (prospect, person) ON DELETE CASCADE ON UPDATE CASCADE
) STRICT, WITHOUT ROWID;

-- Links that anybody may come by who can answer what they ask.
CREATE TABLE guest_links (
    id       TEXT PRIMARY KEY,
    hash     BLOB NOT NULL UNIQUE,
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    label    TEXT NOT NULL,
    role     TEXT NOT NULL CHECK (role IN ('viewer', 'commenter', 'editor')),
    asks     TEXT NOT NULL CHECK (asks IN ('nothing', 'name', 'address', 'list')),
    allowed  TEXT NOT NULL DEFAULT '', -- addresses and domains, one a line
    password TEXT NOT NULL DEFAULT '', -- as people.password
    until    INTEGER NOT NULL DEFAULT 0, -- of the grants it makes
    expires  INTEGER NOT NULL,
    inviter  TEXT NOT NULL,
    created  INTEGER NOT NULL,
    used     INTEGER NOT NULL DEFAULT 0, -- how often
    last     INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX guest_links_prospect ON guest_links (prospect);

-- An address that was typed at a link and waits to be confirmed by mail.
CREATE TABLE guest_confirmations (
    hash    BLOB PRIMARY KEY,
    link    TEXT NOT NULL REFERENCES guest_links (id) ON DELETE CASCADE,
    email   TEXT NOT NULL,
    name    TEXT NOT NULL,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX guest_confirmations_link ON guest_confirmations (link, email);

-- What guests have opened. The empty page is the overview.
CREATE TABLE guest_opens (
    prospect TEXT NOT NULL,
    person   TEXT NOT NULL,
    page     TEXT NOT NULL,
    first    INTEGER NOT NULL,
    last     INTEGER NOT NULL,
    times    INTEGER NOT NULL DEFAULT 1,
    PRIMARY KEY (prospect, person, page),
    FOREIGN KEY (prospect, person) REFERENCES guest_grants (prospect, person) ON DELETE CASCADE ON UPDATE CASCADE
) STRICT, WITHOUT ROWID;
