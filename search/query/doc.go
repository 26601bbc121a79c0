// Package query is the language people search with, as pure data: no index,
// no files, no clock.
//
//	penalty cap             both words, in any form (stemmed), anywhere
//	"penalty cap"           these words side by side
//	migrat*                 words beginning so
//	cap -draft              pages without "draft"
//	penalty OR fine         either word; OR binds the words beside it
//	in:external stage:closing by:dana kind:risk prospect:acme tag:legal
//	before:2026-11-01 after:2026-10 has:attachment type:file is:open
//
// Words stand side by side and must all match. A filter that is given several
// times with different values matches any of them; different filters must all
// match. A filter with - before it excludes. before: is the time before that
// day, month or year begins, after: is from its beginning on.
//
// A name before a colon that is no filter is text, so addresses and times can
// be searched for as they are. A known filter with a value that cannot be is
// an *Error that says where and what to do.
//
// Parse is bounded: MaxLength bytes, MaxTerms words and filter values. There
// are no regular expressions and no wildcards but the one at the end of a
// word. A Query is immutable by convention and safe to share.
package query
