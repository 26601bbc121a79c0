// Package handoff moves deals from stage to stage, on record: what was handed
// over, by whom to whom, what was promised and missing, and what the receiver
// said to it.
//
// # Model
//
// A handoff is offered, and then accepted or returned. Its record is the file
// handoffs/NNNN.md on the internal side: front matter for programs, markdown
// for people, written once, in a commit that is tagged handoff/NNNN. Everything
// that is said to it later stands in handoffs/NNNN.response.yaml. The record
// names the heads of both sides, so the space can be looked at as it was
// (wiki.Side.At). Nothing else writes there, and nothing is kept elsewhere.
//
// The stage moves when the handoff is accepted, in one commit with the pages
// and tasks of the new stage; until then the sender owns the deal. Only one
// handoff is open at a time: whoever offers against an older state of the deal
// gets [ErrStale].
//
// Two more files are kept beside: warnings.yaml, who was told early that a deal
// is coming, and the nurturing entry of prospect.yaml.
//
// # Concurrency
//
// A Book is safe for concurrent use. [Book.Run] is its one goroutine, owned by
// whoever calls it: it warns of deals that were made in a late stage and mends
// tags. Changes run under the writer lock of the deal, one after the other.
package handoff
