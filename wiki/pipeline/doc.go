// Package pipeline works out how the sale as a whole stands: what lies in each
// stage and for how long, what is won and lost, how fast, whether enough stands
// in every stage for the target, and which deals have to be asked about.
//
// # Model
//
// A [Deal] is a prospect with its [Stay]s: which stage it was in from which day
// to which. Stays are read from the versions of prospect.yaml and the records of
// handoffs, and are kept in derived.db; they follow the commits by the head of
// each internal side and may be deleted at any time. [Compute] makes the figures
// from deals and a funnel alone: it reads no files and no clock.
//
// Days are days in UTC. Time asleep on the nurturing list, and between being
// lost and being opened again, belongs to no stage. A deal that went back counts
// once for a stage, with all its days there. Money of several currencies is
// never added up: amounts are those of one currency, and what was left out is
// named.
//
// Figures are made of the deals that the caller may see, and nothing else.
//
// # Concurrency
//
// A Book is safe for concurrent use. [Book.Run] is its one goroutine, owned by
// whoever calls it; without it questions do the reading themselves.
package pipeline
