CREATE TABLE journal (
  only    INTEGER PRIMARY KEY CHECK (only = 1),
  rebuilt INTEGER NOT NULL  -- documents made in it may have had others before them
);

CREATE TABLE document (
  id         INTEGER PRIMARY KEY AUTOINCREMENT, -- never used again
  name       TEXT NOT NULL UNIQUE,
  epoch      TEXT NOT NULL,
  rebuilt    INTEGER NOT NULL,
  recovering INTEGER NOT NULL,
  compacted  INTEGER NOT NULL, -- seq of the last edit in its state
  saved      INTEGER NOT NULL, -- seq of the last edit in its last version
  last       INTEGER           -- the newest version
);

CREATE TABLE state (
  document INTEGER PRIMARY KEY REFERENCES document ON DELETE CASCADE,
  data     BLOB NOT NULL
);

CREATE TABLE edit (
  seq      INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
  person   TEXT NOT NULL,
  at       INTEGER NOT NULL, -- milliseconds
  removed  INTEGER NOT NULL,
  data     BLOB              -- NULL: in the state; kept for what it removed
);
CREATE INDEX edit_document ON edit (document);

CREATE TABLE owner (
  document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
  client   INTEGER NOT NULL,
  person   TEXT NOT NULL,
  PRIMARY KEY (document, client)
) WITHOUT ROWID;

CREATE TABLE version (
  id       INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
  hash     TEXT NOT NULL,
  upto     INTEGER NOT NULL, -- the document's "saved" with this version
  base     INTEGER,          -- the version that data is the difference from; NULL: a whole state
  chain    INTEGER NOT NULL, -- how many differences lead here from a whole state
  weight   INTEGER NOT NULL, -- their bytes together
  size     INTEGER NOT NULL, -- of the state
  sum      INTEGER NOT NULL, -- its CRC-32C
  data     BLOB NOT NULL,
  UNIQUE (document, hash)
);

CREATE TABLE saving (
  id       INTEGER PRIMARY KEY,
  document INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
  text     BLOB NOT NULL,
  state    BLOB NOT NULL,
  upto     INTEGER NOT NULL
);
CREATE INDEX saving_document ON saving (document);

CREATE TABLE merging (
  document INTEGER PRIMARY KEY REFERENCES document ON DELETE CASCADE,
  text     BLOB NOT NULL,
  head     TEXT NOT NULL,
  client   INTEGER NOT NULL,
  person   TEXT NOT NULL,
  data     BLOB NOT NULL
);
