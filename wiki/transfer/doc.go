// Package transfer brings prospects in from elsewhere and takes them out again:
// histories of markdown (folders, git repositories, git bundles), CSV exports of
// CRMs, exports as ZIP with a static site, backups, and the check of a data
// folder.
//
// # Imports of a history
//
// A [Source] is read and checked whole before anything is changed. Every path
// of every commit gets one place in the wiki, by the rules of a [Map] or else in
// internal/account; the commits are then rewritten with those paths, parents
// first, and one merge commit joins them to the prospect's own. Rewriting
// depends on nothing but the source and the mapping, so it gives the same
// commits each time: running an import again adds nothing, and when the source
// has grown, only its new commits come. Texts changed in the wiki meanwhile are
// merged with the source's.
//
// What is kept: merges, roots, empty commits, authors, dates, and on the
// internal side messages and addresses. What is not: signatures, links,
// submodules and the executable bit of files, which a wiki has no use for. A
// page is a path that ends in .md in any case; one whose newest text is larger
// than a page may be, or is no UTF-8 text, becomes an attachment instead.
//
// To the external side go only commits that change something there, with
// another message and address, unless the map says messages: keep. Commits that
// only touch what stays internal leave no trace in it, not even an empty one.
//
// # Backups
//
// A backup is a gzipped tar of a data folder as it could lie on disk; [Backup]
// describes it. It is taken while a server runs.
//
// # Goroutines
//
// The package starts none.
package transfer
