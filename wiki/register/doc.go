// Package register knows the facts and actions of all prospects over time: what
// stands open, what was done with it, by whom, when and in which stage.
//
// # Model
//
// A fact is told from others by its id, within a prospect. Its life is read from
// the versions of the pages it stood on: each version is compared with the one
// before, and what became of a fact there is an [Event]. Nothing is kept that
// cannot be read from history again: the tables lie in derived.db, follow the
// commits by a cursor and may be deleted at any time.
//
// A fact without an id (an imported page, before its first edit) is told by its
// kind and title on its page, and carries its life over to the id it gets. Of
// facts with one id on several pages the oldest is the fact; the others are
// marked as copies.
//
// Facts of one side are asked for with a handle of that side, so code that
// serves a guest can reach none of the other.
//
// # Concurrency
//
// A Register is safe for concurrent use. [Register.Run] is its one goroutine,
// owned by whoever calls it: it keeps the tables near the commits so that
// queries find little to do. Every query first catches up with what it reads,
// so its answer is never older than its question.
package register
