package wiki

import (
	"context"

	"dealwiki/content"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Rooms is what the one door for text needs of live editing. Without live
// rooms the wiki behaves as if no page were ever open.
type Rooms interface {
	// Flush makes the pending edits of one page a version under their own
	// authors and answers when it is committed. It brings them through
	// [Side.Edit], so it is asked before the writer lock is taken. A page that is not open is
	// done at once.
	Flush(ctx context.Context, prospect string, place Place) error
	// FlushAll does the same for every page of a side that is open.
	FlushAll(ctx context.Context, prospect string, section Section) error
	// Merge puts a text that the caller made from the version base into the
	// page's live document, as a minimal edit onto the state which that version
	// had, and answers the document's text after it. ok is false when the page
	// has no live document: then the wiki merges texts itself.
	Merge(ctx context.Context, caller people.Caller, prospect string, place Place, base repo.Hash, text []byte) (merged []byte, overlaps []content.Overlap, ok bool, err error)
	// Committed tells the rooms which version a page now has.
	Committed(prospect string, place Place, version repo.Version)
	// Moved and Removed close the room of a page that is no longer there.
	Moved(prospect string, from, to Place)
	Removed(prospect string, place Place)
}
