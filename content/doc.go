// Package content is the text of a page: what it says, how it looks and how
// two versions of it differ. It is pure: it opens no file, reads no clock and
// knows no person.
//
// # Model
//
// [Parse] turns the bytes of a page into a [Doc]. A Doc keeps the bytes as
// they were ([Doc.Source]) and answers questions about them: title, outline,
// links, mentions, tasks, and facts, which are callouts of certain kinds. What
// rendering needs to know of the world (does this page exist, who is @sam) it
// asks a [Resolver], so the caller decides what may be seen.
//
// Functions that change text ([AssignIDs], [SetTask], [SetFactStatus]) make
// the smallest possible edit: every other byte stays, line ends, byte order
// mark and missing final newline included.
//
// [DiffLines], [DiffWords], [Compare], [Merge] and [Similar] compare texts.
//
// # Guarantees
//
//   - Nothing here fails or panics on any input, valid UTF-8 or not.
//   - Work is bounded. Size, line length and nesting are checked before
//     parsing; while parsing, a meter counts the steps of everything that
//     could be more than linear; output is capped while it is written. A page
//     past a limit is shown as escaped source, and [Doc.Notice] says why.
//   - HTML is safe to put into a page under a strict content security policy:
//     raw HTML is rebuilt tag by tag from an allow-list and kept inside the
//     element it stands in, then everything passes a second allow-list.
//   - Inside code nothing is a fact, a task, a link or a mention.
//
// # Concurrency
//
// A Doc is immutable and may be used by many goroutines. No goroutine is
// started here and there is no state between calls.
package content
