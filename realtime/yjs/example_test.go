package yjs_test

import (
	"fmt"

	"dealwiki/realtime/yjs"
)

// Two people write at once and hear of each other later.
func Example() {
	ann := yjs.New(yjs.Options{Client: 1})
	update, _ := ann.Change(yjs.Edit{Pos: 0, Insert: "Meet on Monday."})
	bob, _ := yjs.Load(update, yjs.Options{Client: 2})

	fromAnn, _ := ann.Change(yjs.Edit{Pos: 8, Delete: 6, Insert: "Friday"})
	fromBob, _ := bob.Change(yjs.Edit{Pos: 14, Insert: ", at noon"})

	effect, _ := ann.Apply(fromBob)
	_, _ = bob.Apply(fromAnn)
	fmt.Println(ann.Text())
	fmt.Println(ann.Text() == bob.Text())
	fmt.Println("client", effect.Written[0].Client, "wrote", effect.Written[0].Units)
	// Output:
	// Meet on Friday, at noon.
	// true
	// client 2 wrote 9
}

// A text that somebody made from an older version is brought into a document
// that has moved on.
func ExampleDoc_Rebase() {
	live := yjs.New(yjs.Options{Client: 1})
	_, _ = live.Change(yjs.Edit{Pos: 0, Insert: "Budget: open\nOwner: Ann\n"})
	version := live.Encode(nil)
	_, _ = live.Change(yjs.Edit{Pos: 24, Insert: "Next: call them\n"})

	update, _, _ := live.Rebase(version, "Budget: 40k\nOwner: Ann\n", repeating{7})
	_, _ = live.Apply(update)
	fmt.Print(live.Text())
	// Output:
	// Budget: 40k
	// Owner: Ann
	// Next: call them
}

// repeating stands for crypto/rand.Reader.
type repeating struct{ b byte }

func (r repeating) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.b
	}
	return len(p), nil
}
