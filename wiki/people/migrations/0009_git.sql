-- Who pushed a commit that somebody else may have made. The id names it over all
-- repositories.
CREATE TABLE pushed (
    id     BLOB PRIMARY KEY,
    person TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Prospects whose guests may clone the shared side.
CREATE TABLE guest_cloning (
    prospect TEXT PRIMARY KEY REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    since    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
