package repo

import (
	"fmt"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// afterPowerLoss follows the calls to the disk and knows what is surely there
// when the power goes: synced bytes under names whose folders were synced since.
type afterPowerLoss struct {
	t     *testing.T
	root  string
	mu    sync.Mutex
	bytes map[string]bool // files whose content is synced
	names map[string]bool // paths made since the start: true once their names are safe
	heads int
}

func (p *afterPowerLoss) seen(call, path, to string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch call {
	case "sync":
		p.bytes[path] = true
	case "mkdir":
		p.bytes[path] = true
		p.names[path] = false
	case "rename":
		if filepath.Base(to) == "main" {
			// From here main may be the new commit, so all of it must be there.
			p.heads++
			for name, safe := range p.names {
				if name != to {
					assert.True(p.t, safe && p.bytes[name], "%s could be missing from the new version", name)
				}
			}
		}
		assert.True(p.t, p.bytes[path], "%s gets its name before its content is safe", to)
		p.bytes[to] = true
		p.names[to] = false
	case "syncdir":
		for name := range p.names {
			if filepath.Dir(name) == path {
				p.names[name] = true
			}
		}
	}
}

// acknowledged checks that nothing is left to lose.
func (p *afterPowerLoss) acknowledged() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, safe := range p.names {
		assert.True(p.t, safe, "%s could be lost after the acknowledgement", name)
	}
}

func TestPowerLoss(t *testing.T) {
	r, err := Create(filepath.Join(t.TempDir(), "a.git"), Options{})
	require.NoError(t, err)
	p := &afterPowerLoss{t: t, root: r.dir, bytes: map[string]bool{}, names: map[string]bool{}}
	r.store.disk.seen = p.seen
	head := Zero
	for i := range 20 {
		head, err = r.Commit(t.Context(), head, []Edit{{Path: fmt.Sprintf("s%d/p.md", i%3), Data: fmt.Appendf(nil, "%d", i)}}, Message{Text: "x"})
		require.NoError(t, err)
		p.acknowledged()
	}
	for _, n := range []int{5, 200} { // loose objects, a pack
		c, err := r.Lookup(head)
		require.NoError(t, err)
		for i := range n {
			blob, err := r.WriteBlob(fmt.Appendf(nil, "import %d %d", n, i))
			require.NoError(t, err)
			c.Tree, err = r.WriteEdits(c.Tree, []Edit{{Path: "imported.md", Blob: blob}})
			require.NoError(t, err)
		}
		c.Parents = []Hash{head}
		next, err := r.WriteCommit(c)
		require.NoError(t, err)
		require.NoError(t, r.SetHead(t.Context(), head, next))
		head = next
		p.acknowledged()
	}
	assert.Equal(t, 22, p.heads)
	require.NoError(t, r.Check(t.Context()))
}
