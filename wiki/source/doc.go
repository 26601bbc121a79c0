// Package source fills an inbox of outside news for every prospect.
//
// # Model
//
// An administrator names the sources once, in the playbook's sources.yaml: feeds
// (RSS, Atom, JSON Feed), JSON and CSV, by an address or as a file in the folder
// sources of the data folder. An address with {prospect} in it is asked for each
// prospect; one without is asked once, and each prospect gets the items that
// name it. A prospect is searched by its search words, or its title without any.
// The name of a restricted prospect is sent to nobody until somebody with access
// has given it search words.
//
// What a source tells is an item: undecided until somebody keeps it, which makes
// an entry of the internal log ([maillog.Log.AddSourced]), or dismisses it.
// Decisions, what people have seen, search words and how the asking went stand in
// the accounts file, so that they go with prospects and people, backups included.
// Only sides inside the wall ever hear of any of it.
//
// # Guarantees
//
//   - Whatever a source sends is bounded in size, number and nesting before it is
//     read, and kept as plain text. Links are web addresses or nothing.
//   - A source is asked at most as often as its settings say, spread by chance,
//     with the validators of its last answer. One that fails is asked again after
//     5 minutes, 20, 80 and so on, a day at most, or when it says; nobody else's
//     turn waits for it.
//   - An item is told once, also when another source of the prospect tells it by
//     the same link; a dismissed one never comes back. Kept twice makes one entry.
//
// # Goroutines
//
// [Book.Run] owns the asking: one goroutine per source with something due, a few
// at a time, all ended when it returns. Everything else happens in the caller's,
// and may be called by many at once.
package source
