package transfer_test

import (
	"bytes"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/transfer"
)

func FuzzBundle(f *testing.F) {
	for _, name := range realDeals {
		data, err := os.ReadFile(bundle(name))
		require.NoError(f, err)
		f.Add(data[:200])
		f.Add(data)
	}
	f.Add([]byte("# v3 git bundle\n@object-format=sha1\n" + strings.Repeat("1", 40) + " HEAD\n\nPACK\x00\x00\x00\x02\x00\x00\x00\x00"))
	f.Add([]byte("# v2 git bundle\n-" + strings.Repeat("1", 40) + "\n\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		src, err := transfer.OpenBundle(t.Context(), bytes.NewReader(data), "fuzz", transfer.SourceOptions{MaxFile: 1 << 20})
		if err != nil {
			require.ErrorIs(t, err, transfer.ErrSource)
			return
		}
		require.Positive(t, src.Commits())
		require.NoError(t, src.Close())
	})
}

func FuzzMap(f *testing.F) {
	f.Add("messages: keep\nrules:\n  - {from: 'a/**/*.md', to: external/proposing}\n")
	f.Add("rules: [{from: '**', to: internal/account/page}]")
	f.Add("a: &a [*a]")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := transfer.ParseMap([]byte(text))
		if err != nil {
			return
		}
		require.Contains(t, []string{transfer.MessagesKeep, transfer.MessagesReplace}, m.Messages)
	})
}

// Whatever a folder's files are called, each gets a place of its own that can
// be, and only the map sends any of them outside.
func FuzzNames(f *testing.F) {
	f.Add("a.md\nA.MD\nsub/a.md\nsub.md\n", "rules: [{from: 'sub/**', to: external/account}]")
	f.Add("CON\ncon.\n.gitignore\n...\n-\n \u202e.txt\n", "")
	f.Add("search.md\nbrief.md\nß.md\nẞ.md\nİ.txt\ni.txt\nſ.txt\ns.txt", "rules: [{from: '**', to: external/closing}]")
	w := newWorld(f)
	f.Fuzz(func(t *testing.T, names, rules string) {
		m, err := transfer.ParseMap([]byte(rules))
		if err != nil {
			return
		}
		dir := t.TempDir()
		n := 0
		for name := range strings.SplitSeq(names, "\n") {
			if name = path.Clean(name); !filepath.IsLocal(name) || name == "." || n > 30 {
				continue
			}
			full := filepath.Join(dir, name)
			if os.MkdirAll(filepath.Dir(full), 0o755) == nil && os.WriteFile(full, []byte("x"), 0o644) == nil {
				n++
			}
		}
		src, err := transfer.OpenSource(t.Context(), dir, transfer.SourceOptions{})
		if err != nil {
			return
		}
		defer src.Close()
		res, err := transfer.Import(t.Context(), w.Wiki, cli, src, transfer.ImportOptions{Prospect: "Fuzz", Map: m, DryRun: true})
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, p := range res.Pairs {
			section, file, ok := wiki.ImportTarget(p.To)
			require.True(t, ok, "%q", p)
			require.False(t, seen[p.To], "%q", p)
			seen[p.To] = true
			if len(m.Rules) == 0 {
				require.Equal(t, wiki.Internal, section)
				require.True(t, strings.HasPrefix(file, "account/"))
			}
		}
	})
}

func FuzzRestore(f *testing.F) {
	w := newWorld(f)
	f.Add(backup(f, w.dir))
	f.Add([]byte{0x1f, 0x8b})
	f.Fuzz(func(t *testing.T, data []byte) {
		to := filepath.Join(t.TempDir(), "restored")
		if err := transfer.Restore(t.Context(), bytes.NewReader(data), to, transfer.BackupOptions{}); err != nil {
			require.NoDirExists(t, to)
		}
	})
}
