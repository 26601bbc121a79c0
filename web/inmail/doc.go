// Package inmail takes mails for the logs of prospects, over SMTP or LMTP.
//
// # Model
//
// A prospect has one address, such as northwind-rail+k3y...@deals.example.com,
// once somebody who may write has asked for it. What counts of it is the part
// after the plus, 20 letters and digits by chance; what stands before it is for
// people. A new address ends the old one. A mail to it becomes an entry of the
// internal log ([maillog.Log.AddMail]), which reads it as it reads any .eml: as a
// stranger's.
//
// # Who may write
//
// A mail is taken from staff who may edit the prospect, from its guests, and from
// people whose address stands in a mail of its internal log. Envelope and From
// must name the same person. Everybody else, and every address that is none, gets
// the same 550, so that nothing is learned of prospects or people.
//
// Neither SPF nor DKIM is looked at, and a sender can be forged by whoever knows
// the address: entries are therefore the wiki's own versions, and nobody's by
// name. Put a mail server that checks senders in front of it.
//
// # Guarantees
//
//   - A mail is on disk, in git, before it is answered with 250. What fails for a
//     time is answered 451, so that the sender tries again; a mail with a
//     Message-ID that comes twice is kept once.
//   - Size, recipients, connections, the time of each and mails per minute are
//     bounded.
//   - Nothing is ever sent: no answers, no bounces.
//
// # Goroutines
//
// [Server.Serve] owns one goroutine per connection; [Server.Close] ends them and
// waits.
package inmail
