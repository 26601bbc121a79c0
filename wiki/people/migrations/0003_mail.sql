-- How people are told by mail, for whom anything is known: what they have chosen,
-- the morning of their last digest (a date), and when their last letter was made.
CREATE TABLE mail_people (
    person TEXT PRIMARY KEY REFERENCES people (id) ON DELETE CASCADE,
    choice TEXT NOT NULL DEFAULT 'daily' CHECK (choice IN ('once', 'daily', 'none')),
    digest TEXT NOT NULL DEFAULT '',
    last   INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Letters that are not sent yet. What stands in one is written when it is sent.
CREATE TABLE mail_letters (
    seq    INTEGER PRIMARY KEY AUTOINCREMENT,
    person TEXT NOT NULL REFERENCES people (id) ON DELETE CASCADE,
    kind   TEXT NOT NULL CHECK (kind IN ('now', 'digest')),
    id     TEXT NOT NULL, -- of the message, the same for each try
    made   INTEGER NOT NULL,
    tries  INTEGER NOT NULL DEFAULT 0,
    next   INTEGER NOT NULL -- when it is tried
) STRICT;
CREATE INDEX mail_letters_next ON mail_letters (next);
CREATE INDEX mail_letters_person ON mail_letters (person);
CREATE TABLE mail_items (
    letter INTEGER NOT NULL REFERENCES mail_letters (seq) ON DELETE CASCADE,
    notice INTEGER NOT NULL REFERENCES notices (seq) ON DELETE CASCADE,
    PRIMARY KEY (letter, notice)
) STRICT, WITHOUT ROWID;
CREATE INDEX mail_items_notice ON mail_items (notice);
CREATE INDEX notices_unmailed ON notices (at) WHERE mailed = 0 AND seen = 0;

-- Messages to an address, such as an invitation, as they will be sent. They may
-- hold a link that signs somebody in, and so stay no longer than until they are
-- sent, given up, or of no use any more (until, 0 is never).
CREATE TABLE mail_messages (
    seq     INTEGER PRIMARY KEY AUTOINCREMENT,
    address TEXT NOT NULL,
    name    TEXT NOT NULL,
    subject TEXT NOT NULL,
    text    TEXT NOT NULL,
    label   TEXT NOT NULL,
    link    TEXT NOT NULL,
    until   INTEGER NOT NULL DEFAULT 0,
    id      TEXT NOT NULL,
    made    INTEGER NOT NULL,
    tries   INTEGER NOT NULL DEFAULT 0,
    next    INTEGER NOT NULL
) STRICT;
CREATE INDEX mail_messages_next ON mail_messages (next);

-- What signs the addresses that end a person's mail.
CREATE TABLE mail_key (only INTEGER PRIMARY KEY CHECK (only = 1), key BLOB NOT NULL) STRICT;
