package yjs_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/yjs"
)

func editor(client uint64, text string) *yjs.Doc {
	d := yjs.New(yjs.Options{Client: client})
	if text != "" {
		must(d.Change(insert(0, text)))
	}
	return d
}

func TestChange(t *testing.T) {
	for _, c := range []struct {
		name, from string
		edits      []yjs.Edit
		to         string
	}{
		{"insert into nothing", "", []yjs.Edit{insert(0, "abc")}, "abc"},
		{"positions are UTF-16 units", "a😀b", []yjs.Edit{insert(3, "X")}, "a😀Xb"},
		{"delete a pair", "a😀b", []yjs.Edit{remove(1, 2)}, "ab"},
		{"a pair that is cut", "a😀b", []yjs.Edit{insert(2, "-")}, "a\uFFFD-\uFFFDb"},
		{"replace", "hello", []yjs.Edit{{Pos: 1, Delete: 3, Insert: "ipp"}}, "hippo"},
		{"several at once, all in the old text", "0123456789", []yjs.Edit{insert(0, "a"), {Pos: 2, Delete: 2, Insert: "bc"}, remove(6, 1), insert(10, "z")}, "a01bc45789z"},
		{"edits that touch", "abcdef", []yjs.Edit{remove(0, 2), {Pos: 2, Delete: 2, Insert: "X"}, insert(4, "Y")}, "XYef"},
		{"all of it", "abc", []yjs.Edit{remove(0, 3)}, ""},
		{"invalid UTF-8", "ab", []yjs.Edit{insert(1, "\xff\xed\xa0\x80")}, "a\uFFFDb"},
		{"nothing", "ab", []yjs.Edit{insert(1, ""), remove(2, 0)}, "ab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := editor(1, c.from)
			other := must(yjs.Load(d.Encode(nil), yjs.Options{}))
			update, err := d.Change(c.edits...)
			require.NoError(t, err)
			require.NoError(t, d.Check())
			assert.Equal(t, c.to, d.Text())
			assert.Equal(t, len(utf16.Encode([]rune(c.to))), d.Units())
			assert.Equal(t, len(c.to), d.Bytes())
			if c.from == c.to {
				assert.Nil(t, update)
				return
			}
			must(other.Apply(update))
			assert.Equal(t, c.to, other.Text())
			assert.Equal(t, d.Encode(nil), other.Encode(nil))
		})
	}
}

func TestChangeRefusesWhatIsOutOfRange(t *testing.T) {
	d := editor(1, "a😀b")
	for _, edits := range [][]yjs.Edit{
		{insert(-1, "x")}, {insert(5, "x")}, {remove(0, 5)}, {remove(4, 1)}, {remove(2, -1)},
		{remove(0, 2), insert(1, "x")}, {insert(2, "x"), insert(1, "y")},
		{remove(1<<62, 1<<62)}, {remove(1, 1<<62)},
	} {
		_, err := d.Change(edits...)
		require.ErrorIs(t, err, yjs.ErrRange, "%v", edits)
		assert.Equal(t, "a😀b", d.Text())
	}
	_, err := yjs.New(yjs.Options{}).Change(insert(0, "x"))
	require.ErrorIs(t, err, yjs.ErrReadOnly)
}

func TestTypingEverywhereKeepsThePositionMark(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	d, other := editor(9, ""), editor(8, "")
	var want []uint16
	for range 3000 {
		var e yjs.Edit
		switch x := r.IntN(10); {
		case x < 6 || len(want) == 0:
			e = insert(r.IntN(len(want)+1), "xyz"[:1+r.IntN(3)])
		case x < 9:
			e.Pos = r.IntN(len(want))
			e.Delete = 1 + r.IntN(min(6, len(want)-e.Pos))
		default:
			e.Pos = r.IntN(len(want))
			e.Delete, e.Insert = 1, "é"
		}
		want = append(want[:e.Pos:e.Pos], append(utf16.Encode([]rune(e.Insert)), want[e.Pos+e.Delete:]...)...)
		must(other.Apply(must(d.Change(e))))
		require.NoError(t, d.Check())
	}
	assert.Equal(t, string(utf16.Decode(want)), d.Text())
	assert.Equal(t, d.Text(), other.Text())
	assert.Equal(t, d.Encode(nil), other.Encode(nil))
}

func TestEffect(t *testing.T) {
	a := editor(1, "")
	first := must(a.Change(insert(0, "hello")))
	second := must(a.Change(insert(5, " world")))
	gone := must(a.Change(remove(0, 6)))
	b := must(yjs.Load(a.Encode(nil), yjs.Options{Client: 2}))
	theirs := must(b.Change(insert(0, "😀")))

	d := yjs.New(yjs.Options{})
	assert.Equal(t, yjs.Effect{Changed: true}, must(d.Apply(theirs)), "it waits")
	assert.Equal(t, yjs.Effect{}, must(d.Apply(theirs)), "known")
	assert.Equal(t, yjs.Effect{Changed: true}, must(d.Apply(gone)), "waits as well")
	assert.Equal(t, yjs.Effect{}, must(d.Apply(gone)))
	assert.Equal(t, yjs.Effect{Changed: true}, must(d.Apply(second)))
	assert.True(t, d.Pending())
	assert.Equal(t, yjs.Effect{
		Written: []yjs.Count{{Client: 1, Units: 11}, {Client: 2, Units: 2}}, Removed: 6, Changed: true,
	}, must(d.Apply(first)), "all moves on")
	assert.False(t, d.Pending())
	assert.Equal(t, "😀world", d.Text())
	for _, u := range [][]byte{first, second, gone, theirs, d.Encode(nil)} {
		assert.Equal(t, yjs.Effect{}, must(d.Apply(u)))
	}
	assert.Equal(t, yjs.Effect{Changed: true}, must(yjs.New(yjs.Options{}).Apply(must(editorless(a)))), "deleted before it arrived")
}

// editorless answers the state of a document whose text is all deleted.
func editorless(d *yjs.Doc) ([]byte, error) {
	f := d.Fork(3)
	if _, err := f.Replace(""); err != nil {
		return nil, err
	}
	return f.Encode(nil), nil
}

func TestUnknownTellsWhoseNamesAnUpdateUses(t *testing.T) {
	a := editor(1, "hello")
	b := a.Fork(2)
	must(b.Change(insert(5, " you")))
	u := must(yjs.Decode(b.Encode(nil), yjs.Limits{}))
	assert.Equal(t, map[uint64][]yjs.Range{1: {{From: 0, To: 5}}, 2: {{From: 0, To: 4}}}, u.Wrote())
	assert.Equal(t, map[uint64][]yjs.Range{2: {{From: 0, To: 4}}}, a.Unknown(u))
	assert.Equal(t, u.Wrote(), yjs.New(yjs.Options{}).Unknown(u))

	half := b.Fork(0)
	must(a.ApplyUpdate(u))
	must(half.ApplyUpdate(u))
	must(yjs.New(yjs.Options{}).ApplyUpdate(u))
	assert.Empty(t, a.Unknown(u))
	assert.Equal(t, "hello you", a.Text(), "one decoded update serves many documents")
}

func TestMerge(t *testing.T) {
	a := editor(1, "")
	var log [][]byte
	for i, w := range []string{"one ", "two ", "three ", "four "} {
		log = append(log, must(a.Change(insert(4*i, w))))
	}
	log = append(log, must(a.Change(remove(2, 3))))
	b := a.Fork(2)
	log = append(log, must(b.Change(insert(1, "漢字"))))

	merged := must(yjs.Merge(log...))
	assert.Equal(t, b.Text(), must(yjs.Load(merged, yjs.Options{})).Text())
	assert.Less(t, len(merged), len(bytes.Join(log, nil)))
	assert.Equal(t, build(0, 0), must(yjs.Merge()))
	assert.Equal(t, merged, must(yjs.Merge(merged, log[2], merged)))

	gap := must(yjs.Merge(log[5], log[3], log[1])) // has holes
	d := must(yjs.Load(gap, yjs.Options{}))
	assert.True(t, d.Pending())
	assert.Empty(t, d.Text())
	must(d.Apply(must(yjs.Merge(log[0], log[2], log[4]))))
	assert.Equal(t, b.Text(), d.Text())

	// Overlapping parts of one run.
	long := editor(7, "abc")
	one := long.Encode(nil)
	must(long.Change(insert(3, "def")))
	two := long.Encode(yjs.StateVector{7: 2})
	assert.Equal(t, "abcdef", must(yjs.Load(must(yjs.Merge(two, one)), yjs.Options{})).Text())
}

func TestEncodeAgainstStateVector(t *testing.T) {
	a := editor(1, "hello 😀")
	old := a.StateVector()
	early := must(yjs.Load(a.Encode(nil), yjs.Options{}))
	must(a.Change(insert(5, ","), insert(8, "!")))
	must(a.Change(remove(0, 1)))
	difference := a.Encode(old)
	assert.Less(t, len(difference), len(a.Encode(nil)))
	must(early.Apply(difference))
	assert.Equal(t, a.Text(), early.Text())
	assert.Equal(t, a.Encode(nil), early.Encode(nil))
	assert.Equal(t, yjs.Effect{}, must(early.Apply(a.Encode(yjs.StateVector{1: 1 << 40}))), "a vector beyond what there is")

	waits := yjs.New(yjs.Options{})
	must(waits.Apply(difference))
	assert.Equal(t, difference, waits.Encode(nil), "what waits is in the state")
	assert.Equal(t, difference, waits.Encode(old))
}

func TestStateVector(t *testing.T) {
	v := yjs.StateVector{1: 5, 300: 70_000, 1<<53 - 1: 1}
	again, err := yjs.DecodeStateVector(v.Encode())
	require.NoError(t, err)
	assert.Equal(t, v, again)
	assert.Equal(t, yjs.StateVector{}, must(yjs.DecodeStateVector(nil)))
	assert.Equal(t, yjs.StateVector{}, must(yjs.DecodeStateVector([]byte{0})))
	for _, b := range [][]byte{{1}, {1, 1}, {0, 0}, {2, 1, 1, 1, 2}, {2, 1, 1}, build(1 << 40), bytes.Repeat([]byte{0xff}, 20), build(1, 1, 1<<52)} {
		_, err := yjs.DecodeStateVector(b)
		require.ErrorIs(t, err, yjs.ErrMalformed, "%v", b)
	}
	assert.True(t, v.Covers(yjs.StateVector{1: 5}))
	assert.True(t, v.Covers(nil))
	assert.False(t, v.Covers(yjs.StateVector{1: 6}))
	assert.False(t, v.Covers(yjs.StateVector{2: 1}))
	assert.True(t, v.Meets(yjs.StateVector{300: 1, 9: 9}))
	assert.False(t, v.Meets(yjs.StateVector{9: 9}))
	assert.False(t, v.Meets(nil))
}

func TestForkSharesNothing(t *testing.T) {
	a := editor(1, "hello")
	must(a.Apply(build(1, 1, 9, 5, byte(0x84), 9, 4, "waits", 1, 8, 1, 0, 3)))
	b := a.Fork(2)
	assert.Equal(t, uint64(2), b.Client())
	assert.True(t, b.Pending())
	ours, theirs := must(a.Change(insert(5, " a"))), must(b.Change(insert(5, " b")))
	assert.Equal(t, "hello a", a.Text())
	assert.Equal(t, "hello b", b.Text())
	must(a.Apply(build(1, 1, 9, 0, atRoot(4), "12345", 0)))
	assert.Equal(t, "hello b", b.Text())
	require.NoError(t, a.Check())
	require.NoError(t, b.Check())
	must(a.Apply(theirs))
	must(b.Apply(ours))
	must(b.Apply(a.Encode(nil)))
	assert.Equal(t, a.Text(), b.Text())
}

func TestFreshClientIsUnknown(t *testing.T) {
	d := editor(0x01020304, "a")
	must(d.Apply(build(1, 1, 0x05060708, 5, byte(0x84), 9, 4, "waits", 0)))
	random := bytes.NewReader([]byte{0, 0, 0, 0, 255, 255, 255, 255, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 0, 7})
	client, err := d.FreshClient(random)
	require.NoError(t, err)
	assert.Equal(t, uint64(7), client)
	_, err = d.FreshClient(random)
	require.Error(t, err)
}

func TestDeletedTextIsGone(t *testing.T) {
	d := editor(1, "keep secret keep")
	must(d.Change(remove(5, 7)))
	assert.NotContains(t, string(d.Encode(nil)), "secret")
	assert.Equal(t, yjs.DeleteSet{1: {{From: 5, To: 12}}}, d.Deleted())
	assert.Equal(t, uint64(7), d.Deleted().Units())
	assert.Equal(t, 3, d.Items())
}

func TestRebaseKeepsWhatWasTypedSince(t *testing.T) {
	d := editor(1, "# Notes\n\nFirst line.\nSecond line.\n")
	base := d.Encode(nil)
	must(d.Change(insert(20, " And more, typed since.")))
	must(d.Change(insert(0, "Top\n")))
	live := d.Text()
	random := rand.NewChaCha8([32]byte{1})

	update, client, err := d.Rebase(base, "# Notes\n\nFirst line.\nSecond, better line.\n", random)
	require.NoError(t, err)
	assert.Equal(t, live, d.Text(), "not applied yet")
	e := must(d.Apply(update))
	assert.Equal(t, "Top\n# Notes\n\nFirst line. And more, typed since.\nSecond, better line.\n", d.Text())
	assert.Equal(t, []yjs.Count{{Client: client, Units: len(", better")}}, e.Written)
	assert.Zero(t, e.Removed)
	assert.NotContains(t, []uint64{0, 1}, client)

	update, _, err = d.Rebase(base, "# Notes\n\nFirst line.\nSecond line.\n", random)
	require.NoError(t, err)
	assert.Nil(t, update, "nothing was changed there")
	_, _, err = d.Rebase([]byte("rubbish"), "x", random)
	require.ErrorIs(t, err, yjs.ErrRefused)
	_, _, err = d.Rebase(base, strings.Repeat("x", 1<<20+1), random)
	require.ErrorIs(t, err, yjs.ErrTooLarge)
	_, _, err = d.Rebase(base, "x", bytes.NewReader(nil))
	require.Error(t, err)
}

func TestSpansAndShares(t *testing.T) {
	ann := editor(1, "Hello world\n")
	bob := ann.Fork(2)
	must(ann.Apply(must(bob.Change(insert(5, " 😀 dear")))))
	before := ann.StateVector()
	must(bob.Apply(must(ann.Change(insert(0, "é "), remove(11, 2)))))
	must(ann.Apply(must(bob.Change(insert(bob.Units(), "Bye\n")))))
	require.Equal(t, bob.Text(), ann.Text())
	text := ann.Text()
	require.Equal(t, "é Hello 😀 de world\nBye\n", text)

	who := func(spans []yjs.Span) (out []string) {
		units := utf16.Encode([]rune(text))
		for _, s := range spans {
			require.Equal(t, text[s.Start:s.End], string(utf16.Decode(units[s.From:s.To])))
			out = append(out, string(rune('a'+s.Client-1))+":"+text[s.Start:s.End])
		}
		return out
	}
	assert.Equal(t, []string{"a:é Hello", "b: 😀 de", "a: world\n", "b:Bye\n"}, who(ann.Spans(nil)))
	assert.Equal(t, []string{"a:é ", "b:Bye\n"}, who(ann.Spans(before)))
	assert.Empty(t, ann.Spans(ann.StateVector()))
	assert.Equal(t, []string{"b:e", "a: world\n", "b:Bye\n"}, who(ann.Spans(yjs.StateVector{1: 5, 2: 5}))[len(who(ann.Spans(yjs.StateVector{1: 5, 2: 5})))-3:], "from inside a run")

	assert.Equal(t, []yjs.Share{{Client: 1, Written: 14, Kept: 14}, {Client: 2, Written: 12, Kept: 10}}, ann.Shares(nil))
	assert.Equal(t, []yjs.Share{{Client: 1, Written: 2, Kept: 2}, {Client: 2, Written: 4, Kept: 4}}, ann.Shares(before))
	assert.Equal(t, ann.Spans(nil), bob.Spans(nil))
	assert.Equal(t, ann.Shares(before), bob.Shares(before))
}

func TestLoad(t *testing.T) {
	empty, err := yjs.Load(nil, yjs.Options{})
	require.NoError(t, err)
	assert.Empty(t, empty.Text())
	assert.Equal(t, build(0, 0), empty.Encode(nil))
	_, err = yjs.Load([]byte{1}, yjs.Options{})
	require.ErrorIs(t, err, yjs.ErrMalformed)
}

// The costly path, on a copy, gives what the usual one gives.
func TestTryingOnACopyMakesNoDifference(t *testing.T) {
	source := editor(1, "start")
	var log [][]byte
	r := rand.New(rand.NewPCG(5, 6))
	for range 200 {
		f := source.Fork(uint64(2 + r.IntN(5)))
		pos := r.IntN(f.Units() + 1)
		u := must(f.Change(yjs.Edit{Pos: pos, Delete: r.IntN(min(3, f.Units()-pos) + 1), Insert: "ab😀"}))
		must(source.Apply(u))
		log = append(log, u)
	}
	r.Shuffle(len(log), func(i, j int) { log[i], log[j] = log[j], log[i] })
	usual, careful := editor(1, "start"), yjs.New(yjs.Options{Limits: yjs.Limits{MaxWork: 400}})
	must(careful.Apply(usual.Encode(nil)))
	for _, u := range log {
		one, err := usual.Apply(u)
		require.NoError(t, err)
		other, err := careful.Apply(u)
		require.NoError(t, err)
		require.ElementsMatch(t, one.Written, other.Written)
		require.Equal(t, one.Removed, other.Removed)
		require.Equal(t, one.Changed, other.Changed)
		require.NoError(t, careful.Check())
	}
	assert.Equal(t, source.Text(), usual.Text())
	assert.Equal(t, usual.Encode(nil), careful.Encode(nil))
}
