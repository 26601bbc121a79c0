-- Guests who want to be mailed what is new in what is shared with them: up to when
-- they were told, when the next letter is due, and the one that is being tried
-- ('' for none).
CREATE TABLE guest_digests (
    person TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    told   INTEGER NOT NULL,
    next   INTEGER NOT NULL,
    id     TEXT NOT NULL DEFAULT '',
    tries  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
