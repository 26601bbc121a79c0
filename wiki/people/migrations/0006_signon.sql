-- Signing in by two steps, by another provider, and by a new password. Times are
-- milliseconds since 1970 UTC, 0 for none; hashes are SHA-256 of the secret.

ALTER TABLE people ADD COLUMN two_step_required INTEGER NOT NULL DEFAULT 0 CHECK (two_step_required IN (0, 1));

-- The key that somebody's authenticator holds, and the last 30 seconds for which
-- one of its codes was taken. The program has to know the key itself.
CREATE TABLE two_step (
    person  TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    key     TEXT NOT NULL,
    step    INTEGER NOT NULL DEFAULT 0,
    created INTEGER NOT NULL,
    since   INTEGER NOT NULL DEFAULT 0 -- 0: not confirmed by a code yet
) STRICT, WITHOUT ROWID;

CREATE TABLE recovery_codes (
    person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    hash   BLOB NOT NULL,
    PRIMARY KEY (person, hash)
) STRICT, WITHOUT ROWID;

-- Somebody whose first step was right and who owes the second.
CREATE TABLE sign_ins (
    hash    BLOB PRIMARY KEY,
    person  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    how     TEXT NOT NULL,
    tries   INTEGER NOT NULL DEFAULT 0,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sign_ins_person ON sign_ins (person);

-- Links by which a forgotten password is replaced.
CREATE TABLE resets (
    hash    BLOB PRIMARY KEY,
    person  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    expires INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX resets_person ON resets (person);

-- Who somebody is at a provider. A provider has one name for a person here.
CREATE TABLE identities (
    issuer  TEXT NOT NULL,
    subject TEXT NOT NULL,
    person  TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    created INTEGER NOT NULL,
    seen    INTEGER NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (person, issuer)
) STRICT, WITHOUT ROWID;

-- How a session began; what ends it at the provider; whether its secret is to be
-- changed because the person's rights were, and until when the one before counts.
ALTER TABLE sessions ADD COLUMN how TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN hint TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN renew INTEGER NOT NULL DEFAULT 0 CHECK (renew IN (0, 1));
ALTER TABLE sessions ADD COLUMN old_hash BLOB;
ALTER TABLE sessions ADD COLUMN old_until INTEGER NOT NULL DEFAULT 0;
CREATE UNIQUE INDEX sessions_old ON sessions (old_hash) WHERE old_hash IS NOT NULL;
