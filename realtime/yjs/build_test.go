package yjs_test

import "dealwiki/realtime/yjs"

// build writes updates by hand: ints as numbers, strings as texts with their
// length, bytes as they are.
func build(parts ...any) []byte {
	var b []byte
	number := func(v uint64) {
		for ; v >= 0x80; v >>= 7 {
			b = append(b, byte(v)|0x80)
		}
		b = append(b, byte(v))
	}
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			number(uint64(p))
		case string:
			number(uint64(len(p)))
			b = append(b, p...)
		case byte:
			b = append(b, p)
		case []byte:
			b = append(b, p...)
		}
	}
	return b
}

// repeat joins what f makes of 0 to n-1.
func repeat(n int, f func(i int) []byte) []byte {
	var b []byte
	for i := range n {
		b = append(b, f(i)...)
	}
	return b
}

// atRoot begins a struct of the given kind without neighbours.
func atRoot(kind byte) []byte { return build(kind, 1, "content") }

// must answers the update, or the document, that cannot fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// insert is an edit that only inserts.
func insert(pos int, text string) yjs.Edit { return yjs.Edit{Pos: pos, Insert: text} }

// remove is an edit that only deletes.
func remove(pos, n int) yjs.Edit { return yjs.Edit{Pos: pos, Delete: n} }
