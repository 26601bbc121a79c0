package brief_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/brief"
	"dealwiki/wiki/repo"
)

// largePage is a page of many words, as one of its versions has it.
func largePage(i, version int) []byte {
	var s strings.Builder
	fmt.Fprintf(&s, "# Page %d\n\nNorthwind runs %d trainsets, in version %d.\n\n## Dates\n\nDepot %d is to go live by %d March 2027.\n\n> [!commitment] Depot %d goes live @dana due:2027-03-01 ^c-%04d\n\n", i, i, version, i, i%28+1, i, i)
	for j := range 12 {
		fmt.Fprintf(&s, "## Part %d of %d\n\nThe supplier shall deliver module %d of lot %d because the old sheet %d loses work orders. Nobody knows yet who pays for it.\n\n", j, i, j, i, i*j)
	}
	return []byte(s.String())
}

// largeDesk is a space of pages of many words, whose history was imported: so
// many commits would take too long to make by edits. The last of them is as old
// as the desk's clock.
func largeDesk(b *testing.B, pages, commits int) *desk {
	d := newDesk(b)
	dana := repo.Person{Name: d.dana.Person.Name, Email: d.dana.Person.ID + "@users.invalid"}
	d.Clock.Advance(time.Duration(commits) * time.Minute)
	err := d.Wiki.ImportHistory(b.Context(), d.dana, d.sp.Prospect(), wiki.Internal, wiki.HistoryImport{Join: func(_ context.Context, r *repo.Repo, head repo.Hash) (repo.Hash, error) {
		tree, err := r.Tree(head)
		require.NoError(b, err)
		folders := map[string]map[string]repo.Hash{"": {}, "account": {}}
		for path, f := range tree.Files() {
			folder, name, ok := strings.Cut(path, "/")
			if !ok {
				folder, name = "", path
			}
			require.NotContains(b, name, "/")
			if folders[folder] == nil {
				folders[folder] = map[string]repo.Hash{}
			}
			folders[folder][name] = f.Blob
		}
		write := func(folder string, mode func(string) repo.TreeEntry) repo.Hash {
			var list []repo.TreeEntry
			for _, name := range slices.Sorted(maps.Keys(folders[folder])) {
				list = append(list, mode(name))
			}
			h, err := r.WriteTree(list)
			require.NoError(b, err)
			return h
		}
		for n := range commits {
			i := n % pages
			blob, err := r.WriteBlob(largePage(i, n/pages))
			require.NoError(b, err)
			folders["account"][fmt.Sprintf("page-%d.md", i)] = blob
			for folder := range folders {
				if folder != "" && (n == 0 || folder == "account") {
					folders[""][folder] = write(folder, func(name string) repo.TreeEntry {
						return repo.TreeEntry{Name: name, Mode: repo.ModeFile, Hash: folders[folder][name]}
					})
				}
			}
			root := write("", func(name string) repo.TreeEntry {
				e := repo.TreeEntry{Name: name, Mode: repo.ModeFile, Hash: folders[""][name]}
				if folders[name] != nil {
					e.Mode = repo.ModeDir
				}
				return e
			})
			at := d.Clock.Now().Add(-time.Duration(commits-n) * time.Minute)
			if head, err = r.WriteCommit(repo.Commit{Tree: root, Parents: []repo.Hash{head}, Author: dana, Committer: dana, AuthoredAt: at, CommittedAt: at, Text: "Write\n"}); err != nil {
				return head, err
			}
		}
		return head, nil
	}})
	require.NoError(b, err)
	return d
}

// BenchmarkBrief is a brief of a space of 500 pages and 10,000 commits: cold, as
// the first one after a start; warm, as every other; and with what is new since
// a day, which 480 commits have come after.
func BenchmarkBrief(b *testing.B) {
	if testing.Short() {
		b.Skip("makes ten thousand commits")
	}
	d := largeDesk(b, 500, 10_000)
	day := d.Clock.Now().Add(-8 * time.Hour).UTC().Format(time.RFC3339)
	require.Len(b, d.brief(d.tom, day).Facts[0].Facts, 500)
	b.Run("cold", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			m := brief.New(d.Wiki, d.register)
			b.StartTimer()
			_, err := m.Make(b.Context(), d.tom, d.sp, "")
			require.NoError(b, err)
		}
	})
	b.Run("warm", func(b *testing.B) {
		for b.Loop() {
			d.brief(d.tom, "")
		}
	})
	b.Run("since", func(b *testing.B) {
		for b.Loop() {
			require.Len(b, d.brief(d.tom, day).Since.Pages, 40)
		}
	})
}
