// Package qualification reads and writes the answers to the questions that a
// deal is qualified by, as they stand on a page.
//
// # Model
//
// A question is a heading of the third level or below that ends with a question
// mark, and its answers are
// the items of the list below it:
//
//	### 2. Is a budget allocated?
//
//	- Yes, in the plan of 2027 · said by Ingrid Solberg · on 2026-11-12 · evidence: [[qualifying/call]]
//
// Rows of a table whose first column holds questions are read too, with the
// columns answer, who said so, when and evidence; new answers are written as
// list items. What else stands on the page is nobody's business here: writing
// puts in one line and leaves all other bytes.
//
// The package is pure: no files, clock or people.
package qualification
