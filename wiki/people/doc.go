// Package people keeps accounts and what they may do: people with roles and
// jobs, passwords, invitations and one-time links, sessions, API tokens, access
// to prospects, read marks, settings and the audit log. All of it stands in one
// SQLite file.
//
// # Model
//
// A [Person] is a member of staff or a guest. A [Caller] is a person coming
// through a door (a session, a token, the command line) with the [Scope]s of
// that door; every method that changes something takes one and checks it against
// the database, not against what the caller carries, so that a disabled or
// demoted person can do nothing more with an old Caller.
//
// A prospect is known here by its slug alone. [DB.LevelOn] says what a caller
// may do on it.
//
// # Guarantees
//
//   - A change that was answered without an error is on disk.
//   - Secrets (session, token, invitation, link) are kept as SHA-256 only.
//   - Expired, used and revoked secrets are deleted, so that setting the clock
//     back revives none of them.
//   - The audit log is written in the transaction of the change it tells of; the
//     database refuses to alter or remove its rows. Its order is a sequence,
//     not the clock.
//   - Another process may write the same file (the command line beside a running
//     server). Its changes are in force here within a second.
//   - When the file cannot be read, access is refused.
//
// # Goroutines
//
// A [DB] owns one goroutine. It notices other processes' changes, writes down
// when sessions and tokens were last used, deletes what has expired and calls
// the watchers. [DB.Close] stops it and waits. All methods may be called by many
// goroutines at once.
package people
