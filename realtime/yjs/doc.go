// Package yjs is the text part of Yjs: one shared text that any number of
// documents edit at the same time, apart from each other if need be, and that
// is the same everywhere as soon as each has heard of every edit.
//
// # Model
//
// A [Doc] holds one text, the Y.Text under the root "content", with its past.
// It is a list of items: runs of characters (UTF-16 code units) that one client
// typed one after the other. Every character has an id for ever, (client,
// clock), the clock counting what that client ever wrote. An item also
// remembers between which two characters it was typed; so all documents put it
// at the same place, whatever else they know. Deleting hides an item and drops
// its text; a length stays behind.
//
//	update         structs (items as they travel) and deletions; bytes of format v1
//	state vector   for each client how much of it a document knows
//	waiting        what came before the parts it builds on
//
// [Doc.Apply] takes an update, [Doc.Encode] writes what another document lacks,
// [Doc.Change] and [Doc.Replace] edit, [Doc.Rebase] brings in a text that was
// made from an older state, [Doc.Spans] and [Doc.Shares] say who wrote what.
//
// Only plain text of the root "content" is taken. That is all that a plain
// text editor and its undo send, and whatever one browser could send beyond it,
// to make others fail, is refused before any of them sees it.
//
// # Guarantees
//
//   - Documents that applied the same updates, in any order and any number of
//     times, have the same text, state vector and deletions; and so have stock
//     Yjs 13.6 documents.
//   - The encoded state is what Yjs would write, to the byte for a document
//     that got its updates in order: deleted text is gone from it, and runs are
//     as long as they can be.
//   - An update is applied whole, or refused with an error that wraps
//     [ErrRefused] and the document is as it was. An update that might prove
//     too costly is tried on a copy first.
//   - Nothing is dropped silently. What waits is encoded as well.
//   - No input makes a function panic or run without bound. What is allocated
//     is bounded by the input's length; [Limits] say by how much, and how much
//     work an update may cause.
//   - Invalid UTF-8 from outside is refused. Half a surrogate pair is U+FFFD, on
//     all sides.
//
// Ids are what senders say they are. Whoever takes updates from people has to
// bind client ids to them ([Doc.Unknown] tells what an update adds under which
// ids), or one could write in another's name. A sender who lies about the
// neighbours of a character (that they stood side by side, or in which order)
// gets it placed by luck, here as in Yjs; it harms no other character. Swapped
// neighbours of one run are refused.
//
// # Traps
//
//   - Yjs 13.6 leaves updates that come in no causal order waiting for longer
//     than it has to: send them on in the order in which they were applied.
//     This package does not need that.
//   - An update whose structs all wait is a change: it has to be kept.
//   - A client id must not be used twice: see [Options.Client].
//   - A text must never be compared with the live one if it was made from an
//     older version: what was typed since would be deleted. Use [Doc.Rebase].
//   - A document made anew from its text has nothing in common with the copies
//     in browsers; merging the two doubles the text. [StateVector.Meets] tells
//     strangers.
//   - Line ends are characters like others here. Editors that count a CR LF as
//     one need a text without CR.
//
// # Format
//
// Update format v1 is that of Yjs 13.6 (docs.yjs.dev, "Document Updates", and
// its README, "Yjs CRDT algorithm"; the sync messages around it are those of
// y-protocols, PROTOCOL.md). All numbers are unsigned, seven bits a byte,
// lowest first.
//
//	update   = count { group } deletes
//	group    = count client clock { struct }        clocks of structs follow on each other
//	struct   = info [origin] [right] [1 root] content
//	info     = kind | 0x80 if origin | 0x40 if right; the root follows if neither
//	content  = length and UTF-8   kind 4, text
//	           length             kind 1, deleted
//	           length             kind 10, a gap, nothing but info before it
//	origin, right = client clock
//	deletes  = count { client count { clock length } }
//	vector   = count { client clock }
//
// # Concurrency
//
// A Doc belongs to one goroutine at a time; it starts none and has no state
// beside itself. Updates that are decoded, and what functions answer, may be
// shared.
package yjs
