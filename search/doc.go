// Package search finds pages, facts and attachments.
//
// # Model
//
// There are two indexes, one for each side of the wall: Section values named
// internal and external, held by an Index. An entry is a page, one fact or
// action on a page, one part (page, slide, sheet) of an attachment, or a
// prospect. Words are kept as they are written, for phrases, prefixes and
// typing errors, and stemmed in the language of their page, so that other
// forms of a word are found.
//
// # Following
//
// The indexes hold nothing that is not in the repositories: they follow the
// commits of a Source. How far a side has been read, its cursor, is stored in
// the same write as the entries that were read from it, so after a crash work
// is repeated and never skipped. Changes are gathered for a moment and written
// in batches. Everything may be deleted at any time; indexes that are missing,
// damaged or of another format are made again from the start, and results say
// so until that is done.
//
// # Who sees what
//
// Every entry carries the access tokens of its prospect, and a search finds
// only what carries one of the caller's. Because tokens are only as new as the
// index, every prospect that contributes to an answer, to its counts and
// facets too, is put to the caller's live permission as well; one that fails
// is taken out and the answer is computed again without it. Code that serves
// guests is handed the external Section and cannot name the other. (What
// guests see must also be ranked from their own hits alone: that is for the
// code that serves them.)
//
// # Goroutines
//
// Open starts none of its own (Bleve keeps some for each index until Close).
// Run works in the goroutine that calls it; Close ends Run and waits for it.
// All methods may be called concurrently.
package search
