package repo

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
)

// FuzzWeighPack weighs what may be a pack: it ends, and never says yes to more
// than the limits.
func FuzzWeighPack(f *testing.F) {
	f.Add([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x00"))
	f.Add([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\x33x\x9cKLJ\x06\x00\x02M\x01'"))
	f.Add([]byte("PACK\x00\x00\x00\x02\x00\x00\x00\x01\xbf\xff\xff\xff\x7f"))
	limits := PackLimits{Object: 1 << 16, Total: 1 << 18, Objects: 16}
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := weighPack(t.Context(), bytes.NewReader(data), limits)
		var refused *PackError
		if err != nil && !errors.As(err, &refused) {
			t.Fatalf("an error of another kind: %v", err)
		}
		if n > limits.Objects {
			t.Fatal("more than is taken")
		}
	})
}

func TestQuarantine(t *testing.T) {
	git := need.Program(t, "git")
	ctx := t.Context()
	dir := t.TempDir()
	r, err := Create(filepath.Join(dir, "r.git"), Options{Git: git})
	require.NoError(t, err)
	first, err := r.Commit(ctx, Zero, []Edit{{Path: "a/b.md", Data: []byte("one\n")}}, Message{Author: Person{"A", "a@users.invalid"}, Text: "one"})
	require.NoError(t, err)

	// A repository that goes on from there, and the pack of what is new in it.
	other := filepath.Join(dir, "o.git")
	out, err := exec.Command(git, "clone", "-q", "--bare", r.Dir(), other).CombinedOutput()
	require.NoError(t, err, string(out))
	o, err := Open(other, Options{Git: git})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(other, "refs", "heads", "main"), []byte(first.String()+"\n"), 0o644))
	next, err := o.Commit(ctx, first, []Edit{{Path: "a/c.md", Data: []byte("two\n")}, {Path: "a/b.md", Delete: true}}, Message{Author: Person{"A", "a@users.invalid"}, Text: "two"})
	require.NoError(t, err)
	cmd := exec.Command(git, "-C", other, "pack-objects", "--stdout", "--revs", "--thin", "-q")
	cmd.Stdin = bytes.NewReader([]byte(next.String() + "\n^" + first.String() + "\n"))
	pack, err := cmd.Output()
	require.NoError(t, err)

	q, err := r.Quarantine()
	require.NoError(t, err)
	limits := PackLimits{Object: 1 << 20, Total: 1 << 20, Objects: 100}
	require.NoError(t, q.Index(ctx, bytes.NewReader(pack), limits))
	assert.False(t, r.Has(next), "it is no part of the repository")
	c, err := q.Repo().Lookup(next)
	require.NoError(t, err)
	brings := map[string]bool{}
	require.NoError(t, q.Repo().Fresh(ctx, c, func(path string, blob Hash) error {
		brings[path] = !blob.IsZero()
		return nil
	}, func(e *TreeError) { t.Error(e) }))
	assert.Equal(t, map[string]bool{"a/c.md": true, "a/b.md": false}, brings)
	require.NoError(t, q.Strict(ctx))
	_, err = q.Repo().WriteBlob([]byte("x"))
	assert.ErrorIs(t, err, ErrReadOnly)
	require.NoError(t, q.Release(ctx))
	require.NoError(t, q.Drop())
	require.NoError(t, r.SetHead(ctx, first, next))
	require.NoError(t, r.Check(ctx))
	tree, err := r.Tree(next)
	require.NoError(t, err)
	data, err := tree.ReadFile("a/c.md")
	require.NoError(t, err)
	assert.Equal(t, "two\n", string(data))

	// What is dropped, or left behind by a crash, has never been there.
	q, err = r.Quarantine()
	require.NoError(t, err)
	require.NoError(t, q.Drop())
	assert.NoDirExists(t, q.Dir())
	require.ErrorAs(t, func() error {
		q, err := r.Quarantine()
		require.NoError(t, err)
		defer q.Drop()
		return q.Index(ctx, bytes.NewReader(pack[:len(pack)-25]), limits)
	}(), new(*PackError))
	_, err = weighPack(ctx, io.LimitReader(bytes.NewReader(pack), 20), limits)
	assert.Error(t, err)
}
