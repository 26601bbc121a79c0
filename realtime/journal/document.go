package journal

import (
	"crypto/sha256"
	"time"
)

// A Document is one page's live document as it is on disk.
type Document struct {
	ID         int64
	Name       string // "PROSPECT/SECTION/STAGE/PAGE"
	Epoch      string // tells this document from another one of the same name
	Rebuilt    bool   // there may be copies in browsers of a document that was lost
	Recovering bool   // its newest edits may have been lost: clients bring them back

	State   []byte            // a yjs update; the document before Updates
	Updates []Update          // to be applied after State, in order
	Owners  map[uint64]string // client id -> person id, "" for the server's own
	Removed map[string]int    // visible characters that each person deleted since the last version
	Saving  []Saving          // versions on their way to git when the process ended
	Merging *Merging          // an edit on its way to git and into the document; nil for none
	Last    string            // commit id of the newest version whose state is known, "" for none
	// Seq is that of the last edit, 0 if there was none.
	Seq int64
}

// An Update is one edit of a document.
type Update struct {
	Person  string // who sent it
	Data    []byte // yjs, format v1
	Removed int    // visible characters it deleted, to be credited in the next version
	At      time.Time
}

// A Version is the state that belongs to a commit.
type Version struct {
	Commit string
	State  []byte // what yjs' Encode(nil) writes of the document as that version holds it
}

// Saving is a version that is about to be put into git. If the process ends
// before [Journal.Saved] is called, the text's hash tells whether it got there.
type Saving struct {
	Text  [sha256.Size]byte // SHA-256 of the text
	State []byte            // becomes the version's state
	Upto  int64             // the last edit that is in it
}

// Merging is an edit from outside of the document, of the version Head, that is
// about to be put into git and comes into the document then. If the process ends
// before the version is appended, the text's hash tells whether it got there: then
// the same edit has to come into the document, since browsers may have it.
type Merging struct {
	Text   [sha256.Size]byte // SHA-256 of the text that goes to git
	Head   string            // the version that it follows, whose state is known
	Client uint64            // under which the edit is written
	Person string            // whose edit it is; "" for the server's own
	Data   []byte            // the edit as yjs, format v1
}

// A Batch is what [Journal.Append] writes at once.
type Batch struct {
	Updates []Update
	Owners  map[uint64]string // new client ids; one that is owned already keeps its owner
	// Version, if not nil, is a merged version: it is in git and its state
	// becomes known together with its update. Its author is credited by it, so
	// its updates have nothing removed.
	Version *Version
}
