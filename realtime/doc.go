// Package realtime lets people write one page together.
//
// # Model
//
//	document   a page's text with its past ([yjs.Doc]); lives as long as the page
//	epoch      tells a document from another one of the same page
//	room       a document that is open, with whoever is in it
//	socket     one connection of one visitor to one room
//	version    a commit of the page's text in git, under the names of its writers
//	group      the updates that a room takes, writes to disk and sends at once
//
// A [Hub] holds the rooms. [Hub.Serve] brings a socket into a room; the socket
// speaks the protocol of y-websocket (sync and awareness of y-protocols, update
// format v1) and the messages 100 to 103 on top of it. The Hub implements
// [wiki.Rooms], by which every other door for text comes into the rooms.
//
// # Guarantees
//
//   - An update is on disk before anybody but its sender sees it, and before it
//     is acknowledged by message 100.
//   - Everybody in a room is told the updates in the order in which they were
//     applied.
//   - A client id belongs to the first person whose update uses it, so that
//     nobody can write in another's name. (A recovering document, one that may
//     have lost its newest edits, also takes characters of others, and credits
//     them to nobody.)
//   - An update that is refused changes nothing and reaches nobody; its sender
//     is closed with a code that tells why.
//   - Names and colours are those that the server knows.
//   - A version holds whole groups, and names who wrote it: the author is who
//     changed most of it. No two versions in a row have the same text.
//   - What goes to git is noted in the journal before: a document that is opened
//     without knowing what became of it, after a crash or of a restored backup,
//     takes in the same edit that browsers may have, not another one.
//   - Whoever reads too slowly is cut off, and syncs when they come back. Nobody
//     waits for them.
//   - When the journal cannot be written nothing more is acknowledged: the room
//     closes with [CodeComeAgain] and is read again from disk.
//
// # Goroutines
//
// A room owns one goroutine, which alone touches its document: it takes what has
// come, applies it, waits for the journal, and then sends and acknowledges all
// of it. A version is saved by a second goroutine of the room's, since
// [wiki.Side.Edit] calls back into it. Every socket has a goroutine that reads
// and one that writes; the queue between room and socket is bounded. [Hub.Run] has
// one goroutine that asks again who may still be there and one that opens
// documents of which something is not saved. [Hub.Close] ends them all and waits.
//
// Locks: the Hub's mutex guards the tables of rooms and sockets and is never held
// while something is waited for. A room never waits for wiki's writer lock, since
// whoever holds that may wait for the room.
package realtime
