// Package maillog keeps the communications log of a prospect: calls, meetings,
// mails and notes, each a page under log/ on one side of the wall.
//
// An entry is an ordinary page, written through the one door for text. What the
// log knows of it beyond its text stands in its front matter: kind, date, at,
// people and, for mails, message_id, in_reply_to and references. A page that
// somebody wrote under log/ by hand is an entry too: its date is in its name,
// its kind is guessed from its title.
//
// Mails come as RFC 5322 bytes from anywhere, so nothing in them is trusted:
// size, parts and nesting are bounded before they are read, their text is
// escaped so that it stays text (no facts, no mentions, no markup of a stranger's
// making), names of attachments are made harmless. A mail whose Message-ID is in
// the log of the prospect already is answered with that entry, whichever side it
// is on. Entries with a Message-ID in common are one thread.
//
// A Log has no goroutine of its own and is safe for concurrent use. Mails are
// added one at a time.
package maillog
