package yjs_test

import (
	"bytes"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/yjs"
)

// one client with clock 0 and some structs, nothing deleted.
func single(structs int, parts ...any) []byte {
	return build(append(append([]any{1, structs, 1, 0}, parts...), 0)...)
}

// hostile are updates that no honest client sends.
var hostile = []struct {
	name   string
	update []byte
	err    error
}{
	{"nothing at all", nil, yjs.ErrMalformed},
	{"claims 2^32 clients", build(1 << 32), yjs.ErrMalformed},
	{"claims 2^31 structs", build(1, 1<<31, 1, 0), yjs.ErrMalformed},
	{"claims 2^50 structs", build(1, 1<<50, 1, 0), yjs.ErrMalformed},
	{"text of 2^40 bytes", build(1, 1, 1, 0, atRoot(4), 1<<40), yjs.ErrMalformed},
	{"deleted run of 2^52", single(1, atRoot(1), 1<<52), yjs.ErrMalformed},
	{"empty text", single(1, atRoot(4), ""), yjs.ErrMalformed},
	{"empty deleted run", single(1, atRoot(1), 0), yjs.ErrMalformed},
	{"empty skip", single(1, byte(10), 0), yjs.ErrMalformed},
	{"skip with neighbours", single(1, byte(10|0x80), 5), yjs.ErrMalformed},
	{"skip of 2^52", single(1, byte(10), 1<<52), yjs.ErrMalformed},
	{"clock 2^53-1", build(1, 1, 1, 1<<53-1, atRoot(4), "abc", 0), yjs.ErrMalformed},
	{"clocks that run out of range", build(1, 1, 1, 1<<48, atRoot(4), "abc", 0), yjs.ErrMalformed},
	{"number of 40 bytes", bytes.Repeat([]byte{0xff}, 40), yjs.ErrMalformed},
	{"number above 2^53", append(build(1, 1), 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f), yjs.ErrMalformed},
	{"text that is not UTF-8", single(1, atRoot(4), "\xc3("), yjs.ErrMalformed},
	{"surrogates in UTF-8", single(1, atRoot(4), "\xed\xa0\xbd"), yjs.ErrMalformed},
	{"overlong UTF-8", single(1, atRoot(4), "\xc0\xaf"), yjs.ErrMalformed},
	{"typed after itself", single(1, byte(0x84), 1, 0, "x"), yjs.ErrMalformed},
	{"typed before itself", single(1, byte(0x44), 1, 0, "x"), yjs.ErrMalformed},
	{"typed after its own future", single(2, byte(0x84), 1, 1, "x", atRoot(4), "y"), yjs.ErrMalformed},
	{"between a character and itself", single(2, atRoot(4), "ab", byte(0xc4), 1, 0, 1, 0, "x"), yjs.ErrMalformed},
	{"neighbours of one run swapped", single(2, atRoot(4), "abcdef", byte(0xc4), 1, 5, 1, 0, "y"), yjs.ErrMalformed},
	{"neighbours in the document swapped", build(1, 1, 9, 0, byte(0xc4), 5, 4, 5, 2, "y", 0), yjs.ErrMalformed},
	{"client twice", build(2, 1, 1, 0, atRoot(4), "a", 1, 1, 1, byte(0x84), 1, 0, "b", 0), yjs.ErrMalformed},
	{"bytes after the end", append(single(1, atRoot(4), "a"), 7, 7, 7), yjs.ErrMalformed},
	{"deletions cut off", build(0, 1, 9, 1, 0), yjs.ErrMalformed},
	{"claims 2^40 deletions", build(0, 1, 9, 1<<40), yjs.ErrMalformed},
	{"deletion of 2^52", build(0, 1, 9, 1, 0, 1<<52), yjs.ErrMalformed},
	{"empty deletion", build(0, 1, 9, 1, 0, 0), yjs.ErrMalformed},
	{"deletions of one client twice", build(0, 2, 9, 1, 0, 1, 9, 1, 5, 1), yjs.ErrMalformed},
	{"kind 31", single(1, atRoot(31), "x"), yjs.ErrMalformed},
	{"kind 11", single(1, atRoot(11), "x"), yjs.ErrMalformed},

	{"collected struct", single(1, byte(0), 5), yjs.ErrForeign},
	{"two million collected structs", build(1, 200_000, 1, 0, bytes.Repeat([]byte{0, 1}, 200_000), 0), yjs.ErrForeign},
	{"JSON", single(1, atRoot(2), 1, "1"), yjs.ErrForeign},
	{"binary", single(1, atRoot(3), "abc"), yjs.ErrForeign},
	{"embed", single(1, atRoot(5), "{nope"), yjs.ErrForeign},
	{"format", single(1, atRoot(6), "bold", "true"), yjs.ErrForeign},
	{"type", single(1, atRoot(7), 2), yjs.ErrForeign},
	{"any, nested a million deep", single(1, atRoot(8), 1, bytes.Repeat([]byte{117, 1}, 100_000), byte(126)), yjs.ErrForeign},
	{"subdocument", single(1, atRoot(9), "guid", byte(126)), yjs.ErrForeign},
	{"another root", single(1, byte(4), 1, "other", "x"), yjs.ErrForeign},
	{"root of a long name", single(1, byte(4), 1, strings.Repeat("content", 1000), "x"), yjs.ErrForeign},
	{"inside of another struct", single(2, atRoot(4), "abc", byte(4), 0, 1, 1, "y"), yjs.ErrForeign},
	{"entry of a map", single(1, byte(0x24), 1, "content", "key", "x"), yjs.ErrForeign},
	{"entry of a map with a neighbour", single(2, atRoot(4), "abc", byte(0xa4), 1, 0, "x"), yjs.ErrForeign},
}

func TestHostileUpdatesAreRefused(t *testing.T) {
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			d := yjs.New(yjs.Options{Client: 5})
			must(d.Change(insert(0, "hello 😀")))
			before := d.Encode(nil)
			_, err := d.Apply(c.update)
			require.ErrorIs(t, err, c.err)
			require.ErrorIs(t, err, yjs.ErrRefused)
			require.NoError(t, d.Check())
			assert.Equal(t, before, d.Encode(nil), "the document is as it was")
			_, err = d.Change(insert(0, "still usable "))
			require.NoError(t, err)

			if _, err = yjs.Decode(c.update, yjs.Limits{}); err == nil {
				return // it takes a document to see what is wrong
			}
			require.ErrorIs(t, err, c.err)
			_, err = yjs.Load(append([]byte(nil), c.update...), yjs.Options{})
			if len(c.update) > 0 {
				require.ErrorIs(t, err, c.err)
			}
			_, err = yjs.Merge(before, c.update)
			require.ErrorIs(t, err, c.err)
		})
	}
}

// Every beginning of a genuine update is refused, and every single damaged
// byte leaves a sound document.
func TestTruncatedAndDamagedUpdates(t *testing.T) {
	a := yjs.New(yjs.Options{Client: 300})
	must(a.Change(insert(0, "some text 😀 and more")))
	must(a.Change(insert(5, "é"), remove(8, 4)))
	b := a.Fork(70_000)
	must(b.Change(insert(3, "漢字"), insert(9, "\n")))
	update := b.Encode(nil)
	for n := range update {
		d := yjs.New(yjs.Options{})
		_, err := d.Apply(update[:n])
		require.ErrorIs(t, err, yjs.ErrRefused, "first %d bytes", n)
	}
	for n := range update {
		for _, flip := range []byte{1, 2, 0x20, 0x40, 0x80, 0xff} {
			damaged := bytes.Clone(update)
			damaged[n] ^= flip
			d := a.Fork(1)
			before := d.Encode(nil)
			if _, err := d.Apply(damaged); err != nil {
				require.ErrorIs(t, err, yjs.ErrRefused)
				require.Equal(t, before, d.Encode(nil))
			}
			require.NoError(t, d.Check(), "byte %d with %x", n, flip)
		}
	}
}

// What is strange but harmless: it is taken, and waits if it has to.
func TestStrangeUpdatesAreTaken(t *testing.T) {
	for _, c := range []struct {
		name    string
		update  []byte
		text    string
		pending bool
	}{
		{"nothing new", build(0, 0), "", false},
		{"clients that wait for each other", build(2, 1, 2, 0, byte(0x84), 1, 0, "x", 1, 1, 0, byte(0x84), 2, 0, "y", 0), "", true},
		{"three that wait in a ring", build(2, 2, 2, 0, byte(0x84), 1, 0, "x", byte(0x84), 2, 0, "z", 1, 1, 0, byte(0x84), 2, 1, "y", 0), "", true},
		{"deletion of what never came", build(0, 1, 9, 1, 0, 1<<40), "", true},
		{"deletions out of order and overlapping", build(1, 1, 1, 0, atRoot(4), "abcdef", 1, 1, 3, 4, 1, 0, 2, 1, 2), "df", false},
		{"skip before and behind", build(1, 3, 1, 0, byte(10), 4, byte(0x84), 1, 3, "x", byte(10), 5, 0), "", true},
		{"numbers with needless bytes", []byte{0x81, 0x00, 1, 1, 0x80, 0x00, 4, 1, 7, 'c', 'o', 'n', 't', 'e', 'n', 't', 1, 'a', 0}, "a", false},
		{"largest client id", build(1, 1, 1<<53-1, 0, atRoot(4), "a", 0), "a", false},
		{"NUL", single(1, atRoot(4), "a\x00b"), "a\x00b", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := yjs.New(yjs.Options{})
			_, err := d.Apply(c.update)
			require.NoError(t, err)
			require.NoError(t, d.Check())
			assert.Equal(t, c.text, d.Text())
			assert.Equal(t, c.pending, d.Pending())
			again, err := yjs.Load(d.Encode(nil), yjs.Options{})
			require.NoError(t, err)
			require.NoError(t, again.Check())
			assert.Equal(t, c.pending, again.Pending(), "what waits is in the state")
			e, err := d.Apply(c.update)
			require.NoError(t, err)
			assert.False(t, e.Changed, "twice is once")
		})
	}
}

// Updates that are short and costly: items of one client that all claim the
// same place, so that each is compared with all before it. Node takes minutes.
func scanBomb(n int) []byte {
	return build(2,
		n, 2, 0, repeat(n, func(i int) []byte { return build(byte(0x44), 1, i, "a") }),
		1, 1, 0, atRoot(4), strings.Repeat("x", n),
		0)
}

// splitBomb cuts one long run at every character, from its end.
func splitBomb(n int) []byte {
	return build(2,
		n, 2, 0, repeat(n, func(i int) []byte { return build(byte(0x84), 1, n-1-i, "a") }),
		1, 1, 0, atRoot(4), strings.Repeat("x", n+1),
		0)
}

func TestWorkIsBounded(t *testing.T) {
	t.Run("conflict scan", func(t *testing.T) {
		d := yjs.New(yjs.Options{Client: 7})
		must(d.Change(insert(0, "kept")))
		before := d.Encode(nil)
		_, err := d.Apply(scanBomb(20_000))
		require.ErrorIs(t, err, yjs.ErrTooCostly)
		require.NoError(t, d.Check())
		assert.Equal(t, before, d.Encode(nil))
		_, err = d.Apply(scanBomb(500))
		require.NoError(t, err, "a small one is honest")
	})
	t.Run("conflict scan in pieces", func(t *testing.T) {
		const n = 2_000
		d := yjs.New(yjs.Options{Limits: yjs.Limits{MaxWork: 100_000}})
		must(d.Apply(single(1, atRoot(4), strings.Repeat("x", n))))
		var err error
		taken := 0
		for ; taken < n && err == nil; taken++ {
			_, err = d.Apply(build(1, 1, 2, taken, byte(0x44), 1, taken, "a", 0))
		}
		require.NoError(t, err, "each alone is within its bound")
		require.NoError(t, d.Check())
	})
	t.Run("cuts", func(t *testing.T) {
		d := yjs.New(yjs.Options{Limits: yjs.Limits{MaxMessage: 8 << 20, MaxText: 8 << 20}})
		_, err := d.Apply(splitBomb(100_000))
		if err != nil {
			require.ErrorIs(t, err, yjs.ErrTooCostly)
		}
		require.NoError(t, d.Check())
	})
	t.Run("deletions of every second character", func(t *testing.T) {
		const n = 300_000
		d := yjs.New(yjs.Options{Limits: yjs.Limits{MaxItems: -1}})
		must(d.Apply(single(1, atRoot(4), strings.Repeat("é", n))))
		_, err := d.Apply(build(0, 1, 1, n/2, repeat(n/2, func(i int) []byte { return build(2*i, 1) })))
		require.NoError(t, err)
		require.NoError(t, d.Check())
		assert.Equal(t, n/2, d.Units())
	})
	t.Run("many clients at one place", func(t *testing.T) {
		const n = 20_000
		d := yjs.New(yjs.Options{Limits: yjs.Limits{MaxWork: 1_000_000}})
		_, err := d.Apply(build(n, repeat(n, func(i int) []byte {
			if i == n-1 {
				return build(1, 1, 0, atRoot(4), "a")
			}
			return build(1, n-i, 0, byte(0x44), n-i-1, 0, "a")
		}), 0))
		if err != nil {
			require.ErrorIs(t, err, yjs.ErrTooCostly)
		}
		require.NoError(t, d.Check())
	})
}

func TestWaitingIsBounded(t *testing.T) {
	d := yjs.New(yjs.Options{Client: 7})
	must(d.Change(insert(0, "kept")))
	refused := 0
	for n := range 20_000 { // structs that can never be placed
		client := n + 10
		before := d.StateVector()
		_, err := d.Apply(build(1, 1, client, 5, byte(0x84), client, 4, strings.Repeat("x", 200), 0))
		if err != nil {
			require.ErrorIs(t, err, yjs.ErrTooCostly)
			require.Equal(t, before, d.StateVector())
			if refused++; refused > 3 {
				break
			}
		}
	}
	require.NotZero(t, refused)
	require.NoError(t, d.Check())
	assert.Equal(t, "kept", d.Text())

	// Nothing of what was taken is lost.
	again := must(yjs.Load(d.Encode(nil), yjs.Options{}))
	require.NoError(t, again.Check())
	assert.Equal(t, d.Encode(nil), again.Encode(nil))
	_, err := d.Change(insert(4, " and usable"))
	require.NoError(t, err)

	// When what was missing comes, what waited is placed.
	for n := range 100 {
		must(d.Apply(build(1, 1, n+10, 0, atRoot(4), "12345", 0)))
	}
	require.NoError(t, d.Check())
	assert.Equal(t, 100*205+len("kept and usable"), d.Units())
}

func TestSizesAreBounded(t *testing.T) {
	big := yjs.New(yjs.Options{Client: 1, Limits: yjs.Limits{MaxText: -1}})
	megabyte := must(big.Change(insert(0, strings.Repeat("a", 1<<20))))
	more := must(big.Change(insert(3, "b")))
	shorter := must(big.Change(remove(0, 100)))

	d := yjs.New(yjs.Options{Client: 2})
	must(d.Apply(megabyte))
	_, err := d.Apply(more)
	require.ErrorIs(t, err, yjs.ErrTooLarge, "the text may have 1 MiB")
	require.NoError(t, d.Check())
	_, err = d.Change(insert(0, "c"))
	require.ErrorIs(t, err, yjs.ErrTooLarge, "for us as well")
	_, err = d.Change(yjs.Edit{Pos: 0, Delete: 2, Insert: "c"})
	require.NoError(t, err)
	_, err = d.Apply(must(yjs.Merge(more, shorter)))
	require.NoError(t, err, "it is what comes out that counts")

	full := must(yjs.Load(big.Encode(nil), yjs.Options{Client: 3, Limits: yjs.Limits{MaxText: 1000}}))
	_, err = full.Change(remove(0, 10))
	require.NoError(t, err, "a text that is too long already may become shorter")
	_, err = full.Change(insert(0, "x"))
	require.ErrorIs(t, err, yjs.ErrTooLarge)

	_, err = d.Apply(make([]byte, 2<<20+1))
	require.ErrorIs(t, err, yjs.ErrTooLarge, "a message may have 2 MiB")
	_, err = yjs.New(yjs.Options{Limits: yjs.Limits{MaxItems: 100}}).Apply(scanBomb(200))
	require.ErrorIs(t, err, yjs.ErrTooLarge, "and a document so many items")
}

func TestDecodingAllocatesWithinItsMeans(t *testing.T) {
	for _, c := range []struct {
		name   string
		update []byte
	}{
		{"the smallest structs", build(1, 400_000, 1, 0, repeat(400_000, func(int) []byte { return build(byte(0x81), 2, 0, 1) }), 0)},
		{"the smallest deletions", build(0, 1, 9, 400_000, repeat(400_000, func(i int) []byte { return build(2*i, 1) }))},
		{"many clients", build(100_000, repeat(100_000, func(i int) []byte { return build(1, i, 0, byte(0x81), 1<<20, 0, 1) }), 0)},
		{"claims", build(1, 1<<40, 1, 0)},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = yjs.Decode(c.update, yjs.Limits{})
			runtime.ReadMemStats(&after)
			allocated := after.TotalAlloc - before.TotalAlloc
			assert.Less(t, allocated, uint64(70*len(c.update)+4096))
			t.Logf("%d bytes: %d allocated", len(c.update), allocated)
		})
	}
}
