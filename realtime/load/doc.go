// Package load puts live editing under load and measures what people would
// feel: how long an edit takes to reach everybody else's screen and to be on
// disk, and what that costs the server. It speaks to any server of the
// y-websocket protocol, so that ours and its peers are measured by the same
// means.
//
// # Model
//
//	Target   a server under test: its rooms' addresses, its process, its dialect
//	Plan     how many rooms, sockets and writers there are and how fast they type
//	Run      carries out a plan on a target and answers a Report
//	Capacity looks for the fastest plan that a target keeps up with
//	Idle     measures what sockets cost that only listen
//	Editor   one client with a whole document, for tests that compare texts
//
// Every edit types a stamp, text that says who sent it when. Whoever receives it
// looks for stamps in the bytes of the message and decodes nothing else: the
// generator shares the machine with the server, and must not be what is
// measured. Servers may merge updates: stamps survive that.
//
// # Guarantees
//
// Run counts each delivery of each edit, and what never arrived. Times are from
// just before an edit is written to a socket until it has been read from
// another. Processor time is that of the server's process and its children, by
// the kernel's count.
//
// # Concurrency
//
// Each socket has a goroutine that reads, each writer one that types. They end,
// and have ended, when the function that started them returns; those of an
// Editor when Disconnect does.
package load
