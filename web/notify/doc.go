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
// Owners are asked about deals that are quiet for too long or past their expected
// close, once each time. Ticking tasks is no news. What changes in more than a
// hundred files at once is told in one notice.
//
// Nobody is told of what they may not see: the level on a prospect is asked when
// a notice is made and again when it is shown.
//
// Where mail is set up, notices are mailed too: handoffs and mentions at once, the
// rest in the morning, or as people choose. A letter waits on disk as the notices
// it is about, and is written when it is sent: what its reader may not see by
// then, or has read, is not in it. A crash loses none; one that comes between the
// sending and the noting of it sends the same message, by its Message-ID, twice.
//
// Guests have no inbox. One who wants it is mailed once a week what is new in what
// is shared with them, which the portal tells, not the Center; nothing is mailed
// when nothing is new.
//
// Other parts send single messages, such as invitations, with Center.SendMail: on
// disk before it returns, sent before all letters of notices.
//
// While Run is called the Center owns a second goroutine, which makes and sends
// letters; everything else happens on the caller's.
package notify
