// Package repo keeps one git repository as versions of a tree of files.
//
// # Model
//
// A [Repo] is a bare repository with one branch, main. A version is a commit;
// [Repo.Tree] gives its files as an fs.FS that never changes. [Repo.Commit]
// makes the next version on top of the one the caller names, and of two callers
// that name the same one exactly one succeeds. Imports use [Repo.WriteBlob],
// [Repo.WriteTree], [Repo.WriteCommit] and [Repo.SetHead].
//
// A [History] is a table beside any number of repositories that says which
// commits changed a path, over its renames, and who wrote each of its lines. It
// follows main by a cursor, is derived from the repositories alone, and may be
// deleted at any time.
//
// # Guarantees
//
// When Commit or SetHead returns without error, the commit and all it refers to
// are on disk and survive a crash of the process or the machine. At every moment
// the file of main holds the old or the new version, whole. References are
// written as git writes them, so a git that works on the same folder and this
// package exclude each other. Paths that would harm a clone are refused, see
// [CheckPath].
//
// Objects are stored as git stores them: git clone and git fsck --strict work on
// the folder. Packing is left to the system's git ([Repo.Pack]); without one
// everything else works.
//
// # Concurrency
//
// Nothing here runs by itself: there are no goroutines that outlive a call. Any
// number of readers work beside one writer. One process owns a repository; within
// it, one Repo per folder. Others open it with Options.ReadOnly.
package repo
