// Package credit tells who knows about something, and who helped: for each deal
// and over all of them.
//
// # Model
//
// Nothing is kept that cannot be read again. Who knows is asked of the pages
// that a search found: whose lines still stand there, how recently they were
// written, whether they hold the words themselves; and of the line in which
// people state their skills. A [Ledger] is made of the lives of facts, of the
// records of handoffs and of the text that stands; each number in it carries
// its sources. It is a basis for talk, not a score: help on the deals of others
// comes first, words come last.
//
// How many words of a page are whose is kept in derived.db by the page's
// version, so it is never stale and may be deleted at any time.
//
// Everything is read on behalf of a member of staff and holds what they may see,
// nothing else; a deal that they may not see adds to no number. Guests are
// neither asked nor listed.
//
// # Concurrency
//
// A Book is safe for concurrent use and starts no goroutines.
package credit
