// Package brief carries what was learned of a deal to whoever joins it later:
// one page, computed from both sides of a prospect and never written by hand.
//
// # Model
//
// A brief is made of what is known for sure (the deal's record, facts and
// actions with their lives, handoffs, versions, who read what) and of good
// guesses: sentences of the pages that look like answers to what a newcomer
// asks first (see [Topic]), told by the headings they stand under and by words
// and dates in them. Guesses are shown as such, each with its source, so that a
// deal that nobody has marked up yet makes a useful brief, too. There is no
// language model and no learning: the same pages make the same brief.
//
// Everything is read through the handles of the sides that the caller was
// given, so a guest's brief is made of the external side alone.
//
// # Concurrency
//
// The package starts no goroutines.
package brief
