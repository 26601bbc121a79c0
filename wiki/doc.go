// Package wiki holds the prospects of a company: their spaces, sections and
// pages, and the one door through which text changes.
//
// # Model
//
// A prospect is two bare git repositories, internal and external: the wall. A
// [Space] is both sides as staff see them, a [Side] is one of them. Code that
// serves a guest is handed the external Side alone, so it has no name for what
// it must not show. Pages are markdown files at STAGE/PAGE.md, attachments lie
// beside them at STAGE/files/NAME. The company's playbook (funnel, templates,
// know-how) is a space of its own with an internal side only.
//
// # Callers
//
// Every method that shows or changes anything takes a [people.Caller] and
// answers [ErrNotFound] when the caller may not see the thing, exactly as if it
// were not there, and [people.ErrForbidden] when the caller sees it but may not
// change it.
//
// # Guarantees
//
// A change is on disk and reachable from the branch main when the method that
// made it returns. Each side has one writer lock; readers take none: they see
// the snapshot of one commit. Versions are commit ids; an edit names the version
// it began from and is merged onto what has come since, never over it.
//
// Everything but the repositories is derived: the catalogue of prospects, the
// table of pages and links, the history table. They live in derived.db, follow
// commits by a stored cursor, and may be deleted while nothing runs.
//
// # Goroutines
//
// A Wiki owns one background goroutine, which checks the catalogue against the
// repositories once after Open and packs repositories that have gathered many
// loose objects. Close stops it and waits.
package wiki
