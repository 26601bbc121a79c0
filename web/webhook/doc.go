// Package webhook tells other programs what happens, as Standard Webhooks has it.
//
// An administrator names an address and the events it wants. Events are queued in
// the transaction that moves the cursor over commits (see package notify), so a
// crash neither loses nor invents any. Each message is signed with the hook's
// secret and sent in order, at least once: a receiver that answers anything but
// 2xx gets the same message, with the same id, again later. After about three days
// of failures in a row, when too much is waiting, or when the receiver answers 410
// Gone, the hook is disabled and the audit log says so.
//
// A message says what happened, where and by whom, never the text of a page.
// A hook hears what the administrator who made it may see: that is asked when an
// event is queued and again when it is sent.
//
// Run starts one goroutine for each hook that has something due, and waits for
// them only at its end: a receiver that is slow, or never answers, holds up
// nobody's messages but its own.
package webhook
