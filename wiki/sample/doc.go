// Package sample holds the company that a demonstration shows: Fairlead, which
// sells planning software to railways, ports and buses, with its people, its
// prospects in every stage and months of history written by several hands.
//
// The data lies under data/ and is described in data/README.md. Load turns it
// into plain values whose dates are relative to a given moment, so that the
// demonstration is always of today. Nothing here knows how a wiki stores
// things; applying a Company to one is the caller's business. The values are
// the caller's own: Load may be called any number of times, concurrently.
package sample
