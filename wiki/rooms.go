package wiki

import (
	"context"

	"dealwiki/content"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// Rooms is what the one door for text needs of live editing. Without live
// rooms the wiki behaves as if no page were ever open.
//
// A page that was ever open has a live document, which lives as long as the
// page, whether or not anybody has it open now.
type Rooms interface {
	// Flush makes the pending edits of one page a version under their own
	// authors and answers when it is committed. It brings them through
	// [Side.Edit], so it is asked before the writer lock is taken. A page with
	// nothing pending is done at once.
	Flush(ctx context.Context, prospect string, place Place) error
	// FlushAll does the same for every page of a side.
	FlushAll(ctx context.Context, prospect string, section Section) error
	// Merge prepares to put a text that the caller made from the version base
	// into the page's live document, as a minimal edit onto the state which
	// that version had. Head is the page's newest version. The answer is nil
	// when the page has no live document: then the wiki merges texts itself.
	// It is asked under the writer lock and must not wait for [Side.Edit].
	Merge(ctx context.Context, caller people.Caller, prospect string, place Place, base, head repo.Hash, text []byte) (Merge, error)
	// Committed tells a room that the version which it brought to [Side.Edit]
	// is in git, under the writer lock and before anything follows it.
	Committed(ctx context.Context, prospect string, place Place, v repo.Version) error
	// Commented tells whoever has the page open that its comments have changed.
	// It is asked under the writer lock and waits for nobody else.
	Commented(prospect string, place Place)
	// Moved gives the page's document another place, after the move is
	// committed as a [Merge] at the place before; whoever has it open is sent
	// there.
	Moved(ctx context.Context, prospect string, from, to Place) error
	// Remove holds the page's room while the page is deleted: from before
	// remove is called until it has answered, the room takes nothing and
	// acknowledges nothing. Remove gets what was typed and is in no version yet,
	// nil if there is nothing, and makes it one before it deletes the page. When
	// it answers nil the document ends, and whoever has it open hears that the
	// page is gone; else the room goes on. It is asked under the writer lock,
	// calls remove once at most, in the caller's goroutine, and answers its
	// error. Remove must not ask rooms for anything.
	Remove(ctx context.Context, prospect string, place Place, remove func(pending *Edit) error) error
	// Cross is Remove for a page that goes through the wall: members of staff who
	// have it open are sent to where it is then; for guests it is gone.
	Cross(ctx context.Context, prospect string, from, to Place, remove func(pending *Edit) error) error
	// RemoveAll is the same for all pages of a prospect, under the writer locks
	// of both sides.
	RemoveAll(ctx context.Context, prospect string, remove func(pending []Edit) error) error
	// Removed and Closed end the documents of a page, and of a prospect, that
	// are no longer there: they were taken away from outside.
	Removed(ctx context.Context, prospect string, place Place) error
	Closed(ctx context.Context, prospect string) error
}

// Merge is a text merged into a live document and not yet part of it.
// A Merge that is not committed is dropped without a trace.
type Merge interface {
	// Text is what the next version holds: the newest version with the caller's
	// edit in it, and without what others have typed since.
	Text() []byte
	// Overlaps is where both sides changed the same words.
	Overlaps() []content.Overlap
	// Committed puts the edit into the document, durably, and shows it to
	// whoever has the page open. v is the version that holds Text; its number
	// and author are told to them.
	Committed(ctx context.Context, v repo.Version) error
}
