-- Passkeys: what is known of them is not secret. Times are milliseconds since
-- 1970 UTC, 0 for none.
CREATE TABLE passkeys (
    seq        INTEGER PRIMARY KEY AUTOINCREMENT,
    id         TEXT NOT NULL UNIQUE,
    person     TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    name       TEXT NOT NULL,
    credential BLOB NOT NULL UNIQUE,
    key        BLOB NOT NULL,           -- the public one
    synced     INTEGER NOT NULL CHECK (synced IN (0, 1)),
    uses       INTEGER NOT NULL,        -- as the device counts them
    created    INTEGER NOT NULL,
    used       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX passkeys_person ON passkeys (person);
