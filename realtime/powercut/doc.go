// Package powercut plays loss of power on a real process, for tests: it records
// what the process writes, syncs and renames below a folder, and lays out the
// folder as a disk might show it had the power gone at some moment.
//
// # Model
//
//	[Record]      runs a command under strace and answers a Recording
//	[Recording]   the calls that change files, in order, and what the process
//	              said on its standard output, when
//	[Disk]        files and folders as such calls leave them, with what is synced
//	[Disk.Lay]    one folder that a cut at this moment may leave
//
// What a process has written is on disk only after fsync or fdatasync of the
// file; that a name exists, or is gone, only after fsync of the folder. All else
// is left to chance: a write that is not synced is there, or not, or in part, by
// sectors of 512 bytes, whatever was written after it. Changes of one folder's
// names come to disk in their order, up to some point; those of different
// folders know nothing of each other, but a rename never loses the file. That is
// less than common file systems promise.
//
// # Limits
//
// Files that are written through memory maps are not seen: SQLite's -shm, which
// it makes anew, is left out. The process may start no other that writes below
// the folder. Calls that this package does not know fail the recording rather
// than being left out.
//
// # Goroutines
//
// The package starts none.
package powercut
