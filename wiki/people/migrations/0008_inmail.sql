-- Under which address mails reach the log of a prospect.
CREATE TABLE mailboxes (
    prospect TEXT NOT NULL REFERENCES prospects (name) ON DELETE CASCADE ON UPDATE CASCADE,
    secret   TEXT NOT NULL UNIQUE,
    PRIMARY KEY (prospect)
) STRICT, WITHOUT ROWID;
