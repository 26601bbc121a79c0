// Package wikitest sets up for tests what every package above wiki needs: a
// wiki on a temporary folder, its people, and a clock that goes when it is told.
// Everything is closed when the test ends; what a test opens on top of it is
// closed before, since cleanups run in the opposite order.
package wikitest
