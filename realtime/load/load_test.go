package load

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/realtime/yjs"
)

func TestStamps(t *testing.T) {
	b := appendStamp([]byte("noise @@ @@zz!"), 31, 1<<40-1, false)
	b = appendStamp(b, 0, 1, true)
	b = append(b, "@@000"...)
	type stamp struct {
		sender int
		micros int64
	}
	var got []stamp
	stamps(b, func(sender int, micros int64) { got = append(got, stamp{sender, micros}) })
	assert.Equal(t, []stamp{{31, 1<<40 - 1}, {0, 1}}, got)
}

// What writers send are updates that a document takes, and their stamps survive
// being merged.
func TestWritersSendUpdates(t *testing.T) {
	d := yjs.New(yjs.Options{})
	ws := []*writer{{client: 7, sender: 1}, {client: 300, sender: 2}}
	var updates [][]byte
	for i := range 100 {
		for _, w := range ws {
			m := w.update(nil, int64(i))
			require.Equal(t, []byte{messageSync, syncUpdate, byte(len(m) - 3)}, m[:3])
			u := append([]byte{}, m[3:]...)
			_, err := d.Apply(u)
			require.NoError(t, err)
			updates = append(updates, u)
		}
	}
	require.Equal(t, 200*stampLength, d.Units())
	merged, err := yjs.Merge(updates...)
	require.NoError(t, err)
	for _, b := range [][]byte{merged, []byte(d.Text())} {
		n := 0
		stamps(b, func(int, int64) { n++ })
		assert.Equal(t, 200, n)
	}
}

func TestQuantiles(t *testing.T) {
	var all times
	for i := range 100 {
		var one times
		one.add(time.Duration(i+1) * time.Millisecond)
		all.merge(&one)
	}
	assert.InEpsilon(t, float64(50*time.Millisecond), float64(all.quantile(0.5)), 0.08)
	assert.InEpsilon(t, float64(100*time.Millisecond), float64(all.quantile(0.99)), 0.08)
	assert.Zero(t, (&times{}).quantile(0.99))
	all.add(10 * time.Hour)
}
