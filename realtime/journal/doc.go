// Package journal keeps live documents and every edit of them on disk, in a
// SQLite file of its own, so that nothing else waits for it.
//
// # Model
//
//	document   one page's live document; named "PROSPECT/SECTION/STAGE/PAGE"
//	edit       one update of a document, numbered by its seq
//	state      the document as it was after some edit; edits up to there are gone
//	version    the state that belongs to a commit in git, kept for ever
//	intent     a version on its way to git ([Saving]), or an edit on its way to
//	           git and into the document ([Merging])
//	owner      whose a client id is; the first who used it in a document
//
// [Journal.Load] answers a document's state and the edits after it.
// [Journal.Append] adds edits. [Journal.Save] says what is about to go to git
// and [Journal.Saved] that it is there; for edits that come from outside of the
// document these are [Journal.Merge] and [Journal.Append]. [Journal.Compact] puts a state in place
// of edits.
//
// Seqs ascend over the whole file; those of one document have gaps.
//
// # Guarantees
//
//   - What a call has written is on disk when it answers nil: SQLite in WAL
//     mode, synced at each commit. A process that is killed or a machine that
//     loses power loses none of it.
//   - A call that answers an error has written nothing that anybody may count
//     on. It is not tried again. (After a failed sync the disk itself may have
//     kept it; who loads the document again sees which.)
//   - A batch is written whole or not at all.
//   - What one call costs does not depend on how many documents there are, nor
//     on their pasts.
//
// # States of versions
//
// A version's state differs little from that of the version before it. So the
// file holds the difference between the two, byte by byte and compressed, and a
// whole state once in a while. Every state carries a checksum.
//
// # Concurrency
//
// A Journal is safe for concurrent use. It owns one goroutine, which alone
// writes: it takes every write that waits, does them in one transaction, syncs
// once and answers them all; by then the next ones wait. Nothing is held back
// by a timer. Reads go by connections of their own and wait for nobody.
//
// One process may have a file open as a Journal. Beside it others may copy it
// with [CopyFile].
package journal
