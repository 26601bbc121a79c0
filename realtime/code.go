package realtime

// Codes with which a socket is closed. Clients of y-websocket take those from
// 4400 to 4499 as final and come again after the others.
const (
	CodeSignedOut   = 4401 // not signed in, or not any more
	CodeNotFound    = 4404 // no such page, or not for this person
	CodeMoved       = 4409 // the page has another place, which is the reason's text
	CodeStaleCopy   = 4410 // the client's copy is of a document that was rebuilt
	CodeTooLarge    = 4413 // a message or the page is past its limit
	CodeRefused     = 4422 // an update or message that cannot be taken
	CodeComeAgain   = 4503 // shutting down, or the document has to be read again
	CodeTooFast     = 4529 // too many messages, or too many sockets of one person
	codeInvalidText = 1007 // of the websocket protocol: text that is not UTF-8
)

// Types of messages: the first number of each.
const (
	MessageSync           = 0
	MessageAwareness      = 1
	MessageAuth           = 2
	MessageQueryAwareness = 3
	MessagePersisted      = 100 // server: so many update messages of this socket are on disk
	MessageCommitted      = 101 // server: a version is in git
	MessageNotice         = 102 // server: something to tell
	MessageCheckpoint     = 103 // client: make a version now
)

// Kinds of sync messages: the second number.
const (
	syncStep1  = 0 // what I know
	syncStep2  = 1 // what you lack
	syncUpdate = 2 // what is new
)
