// Package notify tells people what concerns them, without set-up.
//
// Whoever owns a prospect, has edited a page of it or was named on one watches
// it, until they choose not to. An inbox holds who was mentioned, which facts and
// actions were assigned, what was said in comments, what became of handoffs and
// warnings, and, grouped by page and person, which pages of watched prospects
// have changed.
//
// Notices are derived from the commits of each side: a cursor moves in the same
// transaction as the notices that were found, so a crash neither loses nor
// repeats any. Handoffs and warnings are read from their records by time.
//
// Nobody is told of what they may not see: the level on a prospect is asked when
// a notice is made and again when it is shown.
//
// The Center owns one goroutine while Run is called; everything else happens on
// the caller's.
package notify
