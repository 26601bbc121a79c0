CREATE TABLE merging (
  document INTEGER PRIMARY KEY REFERENCES document ON DELETE CASCADE,
  text     BLOB NOT NULL,
  head     TEXT NOT NULL,
  client   INTEGER NOT NULL,
  person   TEXT NOT NULL,
  data     BLOB NOT NULL
);
