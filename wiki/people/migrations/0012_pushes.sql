-- Who pushed a commit is told of each prospect for itself: the same commits may
-- be pushed to another by somebody else. Rows without a prospect are from before.
CREATE TABLE pushes (
	prospect TEXT NOT NULL,
	id BLOB NOT NULL,
	person TEXT NOT NULL,
	at INTEGER NOT NULL,
	PRIMARY KEY (prospect, id)
) STRICT, WITHOUT ROWID;
INSERT INTO pushes (prospect, id, person, at) SELECT '', id, person, at FROM pushed;
DROP TABLE pushed;
