package transfer_test

import (
	"bytes"
	"compress/zlib"
	"context"
	"crypto/sha1"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"dealwiki/wiki/transfer"
)

func parseMap(t testing.TB, text string) *transfer.Map {
	t.Helper()
	m, err := transfer.ParseMap([]byte(text))
	require.NoError(t, err)
	return m
}

func pairs(res *transfer.ImportResult) map[string]string {
	m := map[string]string{}
	for _, p := range res.Pairs {
		m[p.From] = p.To
	}
	return m
}

func TestMapping(t *testing.T) {
	s := newSource(t)
	s.write("plan.md", "an old plan")
	s.write("attic/Notes.md", "old notes")
	s.commit("first")
	git(t, s.dir, "rm", "-q", "plan.md", "attic/Notes.md")
	for _, f := range []string{"docs/Plan.md", "docs/2027/Plan.md", "Notes.MD", "Fotos/Bild äöü.PNG", "fotos/bild äöü.png", "README", "CON.txt", "-odd name?.txt",
		"search.md", "offer/Quote.md", "offer/Price List.xlsx", "offer/deep/brief.md", "log/2026-11-12 Call.md", "Über uns.md", ".github/CODEOWNERS", "a:b.txt"} {
		s.write(f, "text of "+f)
	}
	s.commit("second")
	w := newWorld(t)
	m := parseMap(t, `
messages: replace
rules:
  - {from: offer/Quote.md, to: external/proposing/our-offer}
  - {from: "offer/**", to: external/proposing}
  - {from: "search.md", to: external/account}
  - {from: "log/*", to: internal/log}
`)
	res := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Mapped", Map: m, DryRun: true})
	assert.Equal(t, map[string]string{
		"docs/Plan.md":           "internal/account/plan",
		"docs/2027/Plan.md":      "internal/account/2027-plan",
		"plan.md":                "internal/account/plan-2", // gone, so it comes after those at HEAD
		"attic/Notes.md":         "internal/account/attic-notes",
		"Notes.MD":               "internal/account/notes",
		"Fotos/Bild äöü.PNG":     "internal/account/files/Bild äöü.PNG",
		"fotos/bild äöü.png":     "internal/account/files/fotos-bild äöü.png",
		"README":                 "internal/account/files/README",
		"CON.txt":                "internal/account/files/file-CON.txt",
		"-odd name?.txt":         "internal/account/files/odd name-.txt",
		"search.md":              "external/account/search-2", // a word with a meaning there
		"offer/Quote.md":         "external/proposing/our-offer",
		"offer/Price List.xlsx":  "external/proposing/files/Price List.xlsx",
		"offer/deep/brief.md":    "external/proposing/deep-brief",
		"log/2026-11-12 Call.md": "internal/log/2026-11-12-call",
		"Über uns.md":            "internal/account/über-uns",
		".github/CODEOWNERS":     "internal/account/files/CODEOWNERS",
		"a:b.txt":                "internal/account/files/a-b.txt",
	}, pairs(res))
	assert.Empty(t, w.Prospects(t.Context(), cli), "a dry run makes nothing")

	again := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Mapped", Map: m})
	assert.Equal(t, res.Pairs, again.Pairs)
	for from, to := range pairs(again) {
		if from == "plan.md" || from == "attic/Notes.md" {
			continue
		}
		section, path, ok := wiki.ImportTarget(to)
		require.True(t, ok, to)
		assert.Equal(t, "text of "+from, git(t, w.repo("mapped", section), "show", "main:"+path))
	}
	assert.Equal(t, "text of docs/Plan.md", w.read("mapped", "internal/account/plan"))

	sp, err := w.Space(t.Context(), cli, "mapped")
	require.NoError(t, err)
	im, err := sp.ImportMap(t.Context(), cli)
	require.NoError(t, err)
	for _, tt := range []struct{ page, dest, want string }{
		{"internal/account/plan.md", "../Notes.MD#top", "internal/account/notes.md"},
		{"internal/account/plan.md", "2027/Plan.md", "internal/account/2027-plan.md"},
		{"internal/account/plan.md", "../Fotos/Bild%20%C3%A4%C3%B6%C3%BC.PNG", "internal/account/files/Bild äöü.PNG"},
		{"internal/account/plan.md", "/offer/Quote.md?x=1", "external/proposing/our-offer.md"},
		{"external/proposing/our-offer.md", "Price List.xlsx", "external/proposing/files/Price List.xlsx"},
		{"internal/account/plan.md", "missing.md", ""},
		{"internal/account/plan.md", "https://example.com/Notes.MD", ""},
		{"internal/account/plan.md", "../../../Notes.MD", ""},
		{"internal/account/other.md", "Notes.MD", ""},
	} {
		got, ok := im.Lookup(tt.page, tt.dest)
		assert.Equal(t, tt.want, got, tt.dest)
		assert.Equal(t, tt.want != "", ok)
	}
	external, err := sp.Side(wiki.External)
	require.NoError(t, err)
	im, err = external.ImportMap(t.Context(), cli)
	require.NoError(t, err)
	_, ok := im.Lookup("external/proposing/our-offer.md", "../Notes.MD")
	assert.False(t, ok, "nothing external leads inside")
	_, ok = im.Lookup("internal/account/plan.md", "../Notes.MD")
	assert.False(t, ok)
}

func TestMapErrors(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"rules: 5", "cannot be read"},
		{"rulez: []", "cannot be read"},
		{"messages: maybe", "replace or keep"},
		{"rules: [{from: '', to: internal/account}]", "rule 1: from"},
		{"rules: [{from: '[a', to: internal/account}]", "bracket"},
		{"rules: [{from: a, to: outside/account}]", "section is internal or external"},
		{"rules: [{from: a, to: internal}]", "SECTION/STAGE"},
		{"rules: [{from: a, to: external/account/search}]", "search"},
		{"rules: [{from: a, to: internal/handoffs}]", "handoffs"},
		{"rules: [{from: a, to: internal/account/Not A Slug}]", "small letters"},
	} {
		_, err := transfer.ParseMap([]byte(tt.text))
		assert.ErrorContains(t, err, tt.want, tt.text)
	}
	w, s := newWorld(t), newSource(t)
	s.write("a.md", "a")
	s.commit("a")
	_, err := transfer.Import(t.Context(), w.Wiki, cli, open(t, s.dir), transfer.ImportOptions{Prospect: "X", Map: parseMap(t, "rules: [{from: '*', to: internal/nowhere}]")})
	assert.ErrorContains(t, err, `"nowhere" is not a stage`)
	_, err = transfer.Import(t.Context(), w.Wiki, cli, open(t, s.dir), transfer.ImportOptions{Prospect: "X", Map: parseMap(t, "rules: [{from: '*', to: internal/log}]")})
	assert.ErrorContains(t, err, "begin with the date")
	_, err = transfer.Import(t.Context(), w.Wiki, cli, open(t, s.dir), transfer.ImportOptions{Prospect: "X", Owner: "nobody@example.com"})
	assert.ErrorContains(t, err, "nobody with an account")
	_, err = transfer.Import(t.Context(), w.Wiki, cli, open(t, s.dir), transfer.ImportOptions{Prospect: "Playbook"})
	assert.ErrorContains(t, err, "meaning of its own")
	assert.Empty(t, w.Prospects(t.Context(), cli))
}

// objects is everything that is in a repository, reachable or not.
func objects(t testing.TB, dir string) string {
	t.Helper()
	var b strings.Builder
	for _, line := range lines(git(t, dir, "cat-file", "--batch-all-objects", "--batch-check")) {
		id, rest, _ := strings.Cut(line, " ")
		kind, _, _ := strings.Cut(rest, " ")
		if kind == "tree" {
			b.WriteString(git(t, dir, "ls-tree", id))
		} else {
			b.WriteString(git(t, dir, "cat-file", kind, id))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func TestExternalShowsNothingOfInternal(t *testing.T) {
	s := newSource(t)
	s.write("secret/canary-path.md", "canary-text")
	s.commit("canary-subject-1")
	s.write("shared/Offer.md", "the offer")
	s.write("secret/both.md", "canary-both")
	s.commit("canary-subject-2\n\nCo-authored-by: Canary <canary@example.com>")
	git(t, s.dir, "checkout", "-q", "-b", "side")
	s.write("secret/branch.md", "canary-branch")
	s.commit("canary-subject-3")
	git(t, s.dir, "checkout", "-q", "main")
	s.write("shared/Offer.md", "the offer, again")
	s.commit("canary-subject-4")
	s.merge("side", "canary-merge")
	s.commit("canary-empty")
	git(t, s.dir, "checkout", "-q", "-b", "other")
	s.write("shared/Terms.md", "terms")
	s.commit("canary-subject-5")
	git(t, s.dir, "checkout", "-q", "main")
	s.write("shared/Offer.md", "the offer, once more")
	s.commit("canary-subject-6")
	s.merge("other", "canary-merge-2")

	w := newWorld(t)
	rules := "rules: [{from: 'shared/**', to: external/proposing}]"
	res := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Wall", Map: parseMap(t, rules)})
	external := w.repo(res.Slug, wiki.External)
	all := objects(t, external)
	for _, word := range []string{"canary", "secret", "example.com", "Wall: "} {
		assert.NotContains(t, strings.ToLower(all), strings.ToLower(word))
	}
	assert.Contains(t, all, "imported@users.invalid")
	assert.Equal(t, []string{"Merge", "Change terms", "Change offer", "Imported version", "Change offer", "Change offer"},
		lines(git(t, external, "log", "--format=%s", "--topo-order", "main^1")))
	assert.Equal(t, "Import files\n", git(t, external, "log", "-1", "--format=%s", "main"))
	for _, name := range []string{"Offer", "Terms"} {
		assert.Equal(t, git(t, s.dir, "log", "--format=%an%at", "--", "shared/"+name+".md"),
			git(t, external, "log", "--format=%an%at", "main", "--", "proposing/"+strings.ToLower(name)+".md"))
	}
	git(t, external, "fsck", "--strict")
	internal := w.repo(res.Slug, wiki.Internal)
	assert.Equal(t, git(t, s.dir, "log", "--topo-order", "--format="+identities), git(t, internal, "log", "--topo-order", "--format="+identities, "main^1"))
	git(t, internal, "fsck", "--strict")

	kept := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Open", Map: parseMap(t, "messages: keep\n"+rules)})
	git(t, w.repo(kept.Slug, wiki.External), "fsck", "--strict")
	git(t, w.repo(kept.Slug, wiki.Internal), "fsck", "--strict")
	log := git(t, w.repo(kept.Slug, wiki.External), "log", "--format=%s %ae")
	assert.Contains(t, log, "canary-subject-4 ann@example.com")
	assert.NotContains(t, log, "canary-subject-3", "what changes internal files alone is no part of it")

	everything := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Everything", Map: parseMap(t, "rules: [{from: '**', to: external/account}]")})
	assert.Equal(t, shape(git(t, s.dir, "log", "--topo-order", "--format=%H %P")),
		shape(git(t, w.repo(everything.Slug, wiki.External), "log", "--topo-order", "--format=%H %P", "main^1")), "the whole graph")
	assert.NotContains(t, objects(t, w.repo(everything.Slug, wiki.External)), "canary-subject")
}

func TestImportAgainWhenTheSourceHasGrown(t *testing.T) {
	ctx := t.Context()
	s := newSource(t)
	s.write("a.md", "one\n\ntwo\n\nthree\n")
	s.write("b.md", "b\n")
	s.write("gone.md", "will go\n")
	s.write("kept.md", "will be gone there\n")
	s.write("x.bin", "\x00\x01")
	s.commit("first")
	w := newWorld(t)
	res := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Growing"})
	internal := w.repo("growing", wiki.Internal)
	old := lines(git(t, internal, "rev-list", "main"))

	w.edit("growing", "internal/account/a", "one here\n\ntwo\n\nthree\n")
	w.edit("growing", "internal/account/kept", "changed here\n")
	w.edit("growing", "internal/account/fresh", "made here\n")
	sp, err := w.Space(ctx, cli, "growing")
	require.NoError(t, err)
	require.NoError(t, sp.Internal().DeletePage(ctx, cli, wiki.Place{Section: wiki.Internal, Stage: "account", Page: "b"}, repo.Hash{}))

	s.write("a.md", "one\n\ntwo\n\nthree there\n")
	s.write("b.md", "b, changed\n")
	s.write("c.md", "new\n")
	s.write("fresh.md", "also new\n")
	git(t, s.dir, "rm", "-q", "gone.md", "kept.md")
	s.commit("second")
	s.write("a.md", "one\n\ntwo\n\nthree there!\n")
	s.commit("third")
	more := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Growing"})
	assert.True(t, more.Changed)
	assert.False(t, more.Created)
	assert.Equal(t, "one here\n\ntwo\n\nthree there!\n", w.read("growing", "internal/account/a"), "both changes")
	assert.Equal(t, "new\n", w.read("growing", "internal/account/c"))
	assert.Equal(t, "changed here\n", w.read("growing", "internal/account/kept"))
	assert.Equal(t, "made here\n", w.read("growing", "internal/account/fresh"))
	assert.Equal(t, "also new\n", w.read("growing", "internal/account/fresh-2"))
	tree := git(t, internal, "ls-tree", "-r", "--name-only", "main")
	assert.NotContains(t, tree, "gone.md")
	assert.NotContains(t, tree, "/b.md", "deleted here")
	assert.Len(t, more.Notes, 2, "%v", more.Notes)
	for _, p := range res.Pairs {
		assert.Equal(t, p.To, pairs(more)[p.From])
	}
	now := lines(git(t, internal, "rev-list", "main"))
	assert.Subset(t, now, old)
	assert.Len(t, now, len(old)+4+2+1, "four changes here, two there, one that joins them")
	git(t, internal, "fsck", "--strict")

	head := git(t, internal, "rev-parse", "main")
	same := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Growing"})
	assert.False(t, same.Changed)
	assert.Equal(t, head, git(t, internal, "rev-parse", "main"))

	// Another map for files that are there is refused, for new ones it holds.
	_, err = transfer.Import(ctx, w.Wiki, cli, open(t, s.dir), transfer.ImportOptions{Prospect: "Growing", Map: parseMap(t, "rules: [{from: a.md, to: external/account}]")})
	assert.ErrorContains(t, err, `sends "a.md" elsewhere`)
	_, err = transfer.Import(ctx, w.Wiki, cli, open(t, s.dir), transfer.ImportOptions{Prospect: "Growing", Map: parseMap(t, "messages: keep")})
	assert.ErrorContains(t, err, "messages")
	s.write("out.md", "shared\n")
	s.commit("fourth")
	w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Growing", Map: parseMap(t, "rules: [{from: out.md, to: external/account}]")})
	assert.Equal(t, "shared\n", w.read("growing", "external/account/out"))
	assert.Equal(t, head, git(t, internal, "rev-parse", "main^1"))
}

func TestImportIntoAProspectThatIsThere(t *testing.T) {
	w, s := newWorld(t), newSource(t)
	e, err := w.Create(t.Context(), cli, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind Rail"}})
	require.NoError(t, err)
	w.edit(e.Slug, "internal/account/plan", "ours\n")
	s.write("Plan.md", "theirs\n")
	s.write("old/Name.md", "text that moves\n")
	s.commit("first")
	git(t, s.dir, "mv", "old/Name.md", "Name.md")
	s.commit("move")
	res := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Northwind Rail"})
	assert.False(t, res.Created)
	assert.Equal(t, e.Slug, res.Slug)
	assert.Equal(t, "ours\n", w.read(e.Slug, "internal/account/plan"))
	assert.Equal(t, "theirs\n", w.read(e.Slug, "internal/account/plan-2"))
	internal := w.repo(e.Slug, wiki.Internal)
	for from, to := range pairs(res) {
		_, path, _ := wiki.ImportTarget(to)
		assert.Equal(t, git(t, s.dir, "log", "--format=%an%at%s", "--", from), git(t, internal, "log", "--format=%an%at%s", "main", "--", path), from)
	}
	// A second source beside the first.
	other := newSource(t)
	other.write("Plan.md", "a third\n")
	other.commit("first")
	w.importFrom(other.dir, transfer.ImportOptions{Prospect: e.Slug})
	assert.Equal(t, "a third\n", w.read(e.Slug, "internal/account/plan-3"))
	assert.False(t, w.importFrom(s.dir, transfer.ImportOptions{Prospect: e.Slug}).Changed)
	git(t, internal, "fsck", "--strict")
}

func TestImportKeepsThePastOfDeletedPages(t *testing.T) {
	ctx := t.Context()
	w, s := newWorld(t), newSource(t)
	_, err := w.Create(ctx, cli, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Past"}})
	require.NoError(t, err)
	w.edit("past", "internal/account/lost", "wanted back\n")
	sp, err := w.Space(ctx, cli, "past")
	require.NoError(t, err)
	lost := wiki.Place{Section: wiki.Internal, Stage: "account", Page: "lost"}
	versions, err := sp.Internal().History(ctx, cli, lost, 10, repo.Hash{})
	require.NoError(t, err)
	require.NoError(t, sp.Internal().DeletePage(ctx, cli, lost, repo.Hash{}))
	s.write("old.md", "text that moves\n")
	s.commit("first")
	git(t, s.dir, "mv", "old.md", "new.md")
	s.commit("second")
	w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Past"})
	assert.Equal(t, git(t, s.dir, "log", "--format=%an%at%s", "--", "new.md"), git(t, w.repo("past", wiki.Internal), "log", "--format=%an%at%s", "main", "--", "account/new.md"))
	_, err = sp.Internal().Restore(ctx, cli, lost, versions[0].Commit)
	require.NoError(t, err)
	assert.Equal(t, "wanted back\n", w.read("past", "internal/account/lost"))
	made, err := sp.Internal().History(ctx, cli, wiki.Place{Section: wiki.Internal, Stage: "account", Page: "new"}, 10, repo.Hash{})
	require.NoError(t, err)
	assert.Len(t, made, 2)
}

func TestImportOfAFolder(t *testing.T) {
	w := newWorld(t)
	dir := filepath.Join(t.TempDir(), "Notes")
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	write("Read me.md", "hello\r\n")
	write("sub/Call.MD", "call")
	write("sub/table.csv", "a,b\n")
	write(".hidden/x.md", "not this")
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "link.md")))
	res := w.importFrom(dir, transfer.ImportOptions{Prospect: "From notes"})
	assert.Equal(t, map[string]string{"Read me.md": "internal/account/read-me", "sub/Call.MD": "internal/account/call", "sub/table.csv": "internal/account/files/table.csv"}, pairs(res))
	assert.Len(t, res.Notes, 2)
	assert.Equal(t, "hello\r\n", w.read("from-notes", "internal/account/read-me"))
	assert.False(t, w.importFrom(dir, transfer.ImportOptions{Prospect: "From notes"}).Changed)

	w.edit("from-notes", "internal/account/call", "call, here")
	write("Read me.md", "hello again")
	write("new.md", "new")
	require.NoError(t, os.Remove(filepath.Join(dir, "sub/table.csv")))
	res = w.importFrom(dir, transfer.ImportOptions{Prospect: "From notes"})
	assert.True(t, res.Changed)
	assert.Equal(t, "hello again", w.read("from-notes", "internal/account/read-me"))
	assert.Equal(t, "call, here", w.read("from-notes", "internal/account/call"))
	assert.Equal(t, "new", w.read("from-notes", "internal/account/new"))
	sp, err := w.Space(t.Context(), cli, "from-notes")
	require.NoError(t, err)
	files, err := sp.Internal().Files(t.Context(), cli)
	require.NoError(t, err)
	assert.Empty(t, files)
	versions, err := sp.Internal().History(t.Context(), cli, wiki.Place{Section: wiki.Internal, Stage: "account", Page: "read-me"}, 10, repo.Hash{})
	require.NoError(t, err)
	assert.Len(t, versions, 2)
}

func TestFoldersAreKnownByNameOrPlace(t *testing.T) {
	w := newWorld(t)
	for i, name := range []string{"Notes", "Notes", ""} {
		dir := filepath.Join(t.TempDir(), "unpacked")
		require.NoError(t, os.MkdirAll(dir, 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "a.md"), []byte("a"), 0o644))
		src, err := transfer.OpenSource(t.Context(), dir, transfer.SourceOptions{Name: name})
		require.NoError(t, err)
		res, err := transfer.Import(t.Context(), w.Wiki, cli, src, transfer.ImportOptions{Prospect: "X"})
		require.NoError(t, err)
		require.NoError(t, src.Close())
		assert.Equal(t, i != 1, res.Changed, i)
	}
	assert.Equal(t, "a", w.read("x", "internal/account/a-2"), "the third was another folder")

	// A repository alone in a folder is taken for what it is.
	s := newSource(t)
	s.write("a.md", "a")
	s.commit("one")
	s.commit("two")
	assert.Equal(t, 2, open(t, filepath.Dir(s.dir)).Commits())
}

func TestImportOfWhatCannotBeAPage(t *testing.T) {
	w, s := newWorld(t), newSource(t)
	s.write("big.md", strings.Repeat("x", wiki.MaxPage+1))
	s.write("latin.md", "caf\xe9")
	s.write("mended.md", "caf\xe9")
	s.commit("first")
	s.write("mended.md", "café")
	s.commit("second")
	res := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Odd"})
	assert.Equal(t, map[string]string{"big.md": "internal/account/files/big.md", "latin.md": "internal/account/files/latin.md", "mended.md": "internal/account/mended"}, pairs(res))
	assert.Len(t, res.Notes, 2)
	s.write("mended.md", strings.Repeat("x", wiki.MaxPage+1))
	s.commit("third")
	_, err := transfer.Import(t.Context(), w.Wiki, cli, open(t, s.dir), transfer.ImportOptions{Prospect: "Odd"})
	require.ErrorIs(t, err, transfer.ErrSource)
	assert.ErrorContains(t, err, `"mended.md" in commit `)

	_, err = transfer.OpenSource(t.Context(), s.dir, transfer.SourceOptions{MaxFile: 100})
	require.ErrorIs(t, err, transfer.ErrSource)
	assert.ErrorContains(t, err, `"big.md" in commit `)
}

// hostile is a bare repository of objects as a hostile program would make them.
type hostile struct {
	t   testing.TB
	dir string
}

func newHostile(t testing.TB) *hostile {
	h := &hostile{t, filepath.Join(t.TempDir(), "hostile.git")}
	for _, d := range []string{"objects", "refs/heads"} {
		require.NoError(t, os.MkdirAll(filepath.Join(h.dir, d), 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, "HEAD"), []byte("ref: refs/heads/main\n"), 0o644))
	require.NoError(t, os.WriteFile(filepath.Join(h.dir, "config"), []byte("[core]\n\tbare = true\n\trepositoryformatversion = 0\n"), 0o644))
	return h
}

func (h *hostile) put(kind, body string) string {
	raw := fmt.Sprintf("%s %d\x00%s", kind, len(body), body)
	id := fmt.Sprintf("%x", sha1.Sum([]byte(raw)))
	var b bytes.Buffer
	zw := zlib.NewWriter(&b)
	_, err := zw.Write([]byte(raw))
	require.NoError(h.t, err)
	require.NoError(h.t, zw.Close())
	require.NoError(h.t, os.MkdirAll(filepath.Join(h.dir, "objects", id[:2]), 0o755))
	require.NoError(h.t, os.WriteFile(filepath.Join(h.dir, "objects", id[:2], id[2:]), b.Bytes(), 0o644))
	return id
}

func entry(mode, name, id string) string {
	raw := make([]byte, 20)
	fmt.Sscanf(id, "%x", &raw)
	return mode + " " + name + "\x00" + string(raw)
}

func (h *hostile) commit(tree string, extra string) {
	id := h.put("commit", "tree "+tree+"\n"+extra+"author A <a@b> 1700000000 +0000\ncommitter A <a@b> 1700000000 +0000\n\nm\n")
	require.NoError(h.t, os.WriteFile(filepath.Join(h.dir, "refs/heads/main"), []byte(id+"\n"), 0o644))
}

func TestHostileSources(t *testing.T) {
	missing := strings.Repeat("12", 20)
	for _, tt := range []struct {
		name string
		tree func(h *hostile, blob string) string
		want string
	}{
		{"dot dot", func(h *hostile, b string) string { return h.put("tree", entry("100644", "..", b)) }, `".."`},
		{"slash", func(h *hostile, b string) string { return h.put("tree", entry("100644", "a/b.md", b)) }, `"a/b.md"`},
		{"twice", func(h *hostile, b string) string {
			return h.put("tree", entry("100644", "a.md", b)+entry("100644", "a.md", b))
		}, `"a.md"`},
		{"odd mode", func(h *hostile, b string) string { return h.put("tree", entry("140000", "a.md", b)) }, "neither a file nor a folder"},
		{"cut short", func(h *hostile, b string) string { return h.put("tree", "100644 a.md\x00abc") }, "damaged"},
		{"missing blob", func(h *hostile, b string) string { return h.put("tree", entry("100644", "a.md", missing)) }, "missing"},
		{"missing tree", func(h *hostile, b string) string { return h.put("tree", entry("40000", "a", missing)) }, "missing"},
		{"blob as tree", func(h *hostile, b string) string { return h.put("tree", entry("40000", "a", b)) }, "missing or damaged"},
		{"deep", func(h *hostile, b string) string {
			tree := h.put("tree", entry("100644", "a.md", b))
			for range 70 {
				tree = h.put("tree", entry("40000", "d", tree))
			}
			return tree
		}, "within one another"},
		{"bomb", func(h *hostile, b string) string {
			tree := h.put("tree", entry("100644", "a.md", b))
			for range 20 {
				var body strings.Builder
				for i := range 10 {
					body.WriteString(entry("40000", fmt.Sprint("d", i), tree))
				}
				tree = h.put("tree", body.String())
			}
			return tree
		}, "more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newHostile(t)
			h.commit(tt.tree(h, h.put("blob", "text")), "")
			w := newWorld(t)
			src, err := transfer.OpenSource(t.Context(), h.dir, transfer.SourceOptions{})
			if err == nil {
				_, err = transfer.Import(t.Context(), w.Wiki, cli, src, transfer.ImportOptions{Prospect: "X"})
				require.NoError(t, src.Close())
			}
			require.ErrorIs(t, err, transfer.ErrSource)
			assert.ErrorContains(t, err, tt.want)
			assert.Empty(t, w.Prospects(t.Context(), cli))
		})
	}

	t.Run("harmless", func(t *testing.T) {
		h := newHostile(t)
		blob := h.put("blob", "text")
		hooks := h.put("tree", entry("100755", "post-checkout", blob))
		names := []string{entry("40000", ".git", hooks), entry("120000", "link.md", h.put("blob", "/etc/passwd")), entry("160000", "module", missing),
			entry("100644", "GIT~1", blob), entry("100644", "bad\xff\xfe.md", blob), entry("100644", "a\\b.md", blob), entry("100644", "turn\u202egnp.txt", blob),
			entry("100644", "line\nbreak.md", blob), entry("100644", strings.Repeat("long", 1000)+".md", blob), entry("100644", "aux.md", blob), entry("100644", "-rf.md", blob)}
		h.commit(h.put("tree", strings.Join(names, "")), "")
		w := newWorld(t)
		res := w.importFrom(h.dir, transfer.ImportOptions{Prospect: "X"})
		assert.Len(t, res.Pairs, 9)
		assert.Len(t, res.Notes, 2, "%v", res.Notes)
		for _, p := range res.Pairs {
			section, path, ok := wiki.ImportTarget(p.To)
			require.True(t, ok, p.To)
			assert.Equal(t, wiki.Internal, section)
			assert.NotContains(t, strings.ToLower(path), ".git")
			assert.NotContains(t, p.String(), "\n")
		}
		assert.Equal(t, "internal/account/bad", pairs(res)["bad\xff\xfe.md"])
		git(t, w.repo("x", wiki.Internal), "fsck", "--strict")
		assert.False(t, w.importFrom(h.dir, transfer.ImportOptions{Prospect: "X"}).Changed)
	})
	for ident, want := range map[string]string{
		" <> 1700000000 +0000":           " <> 1700000000 +0000",
		"A <a@b> 99999999999999 +0000":   "A <a@b> 253402300799 +0000",
		"A <a@b> 4102444800 +9999":       "A <a@b> 4102444800 +0000",
		"A <a<b>c@d>> 1700000000 -0030":  "",
		"A 1700000000 +0000":             "",
		"A <a@b>":                        "",
		"\xe9 <x> 17 +0000":              "é <x> 17 +0000",
		"A <a@b> -5 +0000":               "",
		"<script>alert(1)</script> 1 +0": "",
	} {
		t.Run("author "+ident, func(t *testing.T) {
			h := newHostile(t)
			tree := h.put("tree", entry("100644", "a.md", h.put("blob", "x")))
			id := h.put("commit", "tree "+tree+"\nauthor "+ident+"\ncommitter "+ident+"\n\nm\n")
			require.NoError(t, os.WriteFile(filepath.Join(h.dir, "refs/heads/main"), []byte(id+"\n"), 0o644))
			w := newWorld(t)
			w.importFrom(h.dir, transfer.ImportOptions{Prospect: "X", Map: parseMap(t, "rules: [{from: '*', to: external/account}]")})
			w.importFrom(h.dir, transfer.ImportOptions{Prospect: "Y"})
			git(t, w.repo("x", wiki.External), "fsck", "--strict")
			git(t, w.repo("y", wiki.Internal), "fsck", "--strict")
			assert.Equal(t, "x", w.read("y", "internal/account/a"))
			if want != "" {
				assert.Contains(t, git(t, w.repo("y", wiki.Internal), "cat-file", "commit", "main^1"), "author "+want+"\n")
			}
		})
	}
	t.Run("no commits", func(t *testing.T) {
		_, err := transfer.OpenSource(t.Context(), newHostile(t).dir, transfer.SourceOptions{})
		assert.ErrorContains(t, err, "no commits")
	})
	t.Run("missing parent", func(t *testing.T) {
		h := newHostile(t)
		h.commit(h.put("tree", entry("100644", "a.md", h.put("blob", "x"))), "parent "+missing+"\n")
		_, err := transfer.OpenSource(t.Context(), h.dir, transfer.SourceOptions{})
		assert.ErrorContains(t, err, missing)
	})
	t.Run("shallow", func(t *testing.T) {
		s := newSource(t)
		s.commit("one")
		s.commit("two")
		to := filepath.Join(t.TempDir(), "shallow")
		git(t, t.TempDir(), "clone", "-q", "--depth", "1", "file://"+s.dir, to)
		_, err := transfer.OpenSource(t.Context(), to, transfer.SourceOptions{})
		assert.ErrorContains(t, err, "unshallow")
	})
}

func TestUploadedRepositoriesStayInTheirFolder(t *testing.T) {
	s := newSource(t)
	s.write("a.md", "somebody else's")
	s.commit("one")
	uploaded := func(dir string) (*transfer.Source, error) {
		return transfer.OpenSource(t.Context(), dir, transfer.SourceOptions{Name: "upload", Uploaded: true})
	}
	for _, dir := range []string{s.dir, filepath.Join(s.dir, ".git")} {
		src, err := uploaded(dir)
		require.NoError(t, err)
		assert.Equal(t, 1, src.Commits())
		require.NoError(t, src.Close())
	}
	for name, make := range map[string]func(dir string){
		"file": func(dir string) {
			require.NoError(t, os.WriteFile(filepath.Join(dir, ".git"), []byte("gitdir: "+s.dir+"/.git\n"), 0o644))
		},
		"link": func(dir string) { require.NoError(t, os.Symlink(s.dir+"/.git", filepath.Join(dir, ".git"))) },
		"work tree": func(dir string) {
			git(t, s.dir, "worktree", "add", "-q", "--detach", filepath.Join(dir, "tree"))
		},
		"alternates": func(dir string) { git(t, dir, "clone", "-q", "--bare", "--shared", s.dir, "x.git") },
		"linked objects": func(dir string) {
			git(t, dir, "init", "-q")
			require.NoError(t, os.RemoveAll(filepath.Join(dir, ".git", "objects")))
			require.NoError(t, os.Symlink(s.dir+"/.git/objects", filepath.Join(dir, ".git", "objects")))
		},
	} {
		dir := t.TempDir()
		make(dir)
		_, err := uploaded(dir)
		assert.ErrorIs(t, err, transfer.ErrSource, name)
	}
}

func TestBundles(t *testing.T) {
	s := newSource(t)
	s.write("a.md", "a")
	s.commit("one")
	s.write("a.md", "b")
	s.commit("two")
	dir := t.TempDir()
	w := newWorld(t)
	git(t, s.dir, "bundle", "create", "-q", "--version=3", dir+"/v3.bundle", "HEAD", "--all")
	assert.Equal(t, 2, w.importFrom(dir+"/v3.bundle", transfer.ImportOptions{Prospect: "v3"}).Commits)
	git(t, s.dir, "bundle", "create", "-q", dir+"/branch.bundle", "main")
	assert.False(t, w.importFrom(dir+"/branch.bundle", transfer.ImportOptions{Prospect: "v3"}).Changed)
	git(t, s.dir, "bundle", "create", "-q", dir+"/part.bundle", "main~1..main")
	whole, err := os.ReadFile(dir + "/v3.bundle")
	require.NoError(t, err)
	for name, data := range map[string]string{"short": string(whole[:len(whole)-30]), "text": "# hello", "empty": "", "header": "# v2 git bundle\n" + strings.Repeat("a", 10000),
		"sha256": "# v3 git bundle\n@object-format=sha256\n\n", "filter": "# v3 git bundle\n@filter=blob:none\n\n", "none": "# v2 git bundle\n\nPACK", "bad": "# v2 git bundle\nxyz HEAD\n\nPACK",
		"flipped": strings.Replace(string(whole), string(whole[len(whole)-40:len(whole)-36]), "\x01\x02\x03\x04", 1)} {
		require.NoError(t, os.WriteFile(dir+"/"+name+".bundle", []byte(data), 0o644))
		_, err := transfer.OpenSource(t.Context(), dir+"/"+name+".bundle", transfer.SourceOptions{})
		assert.ErrorIs(t, err, transfer.ErrSource, name)
	}
	_, err = transfer.OpenSource(t.Context(), dir+"/part.bundle", transfer.SourceOptions{})
	assert.ErrorContains(t, err, "make a whole one")
}

func TestImportGoesOnWhereItWasCancelled(t *testing.T) {
	s := newSource(t)
	for i := range 5 {
		s.write(fmt.Sprintf("page-%d.md", i), fmt.Sprint("page ", i))
		s.commit(fmt.Sprint("commit ", i))
	}
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := transfer.Import(ctx, w.Wiki, cli, open(t, s.dir), transfer.ImportOptions{Prospect: "Slow", Progress: func(done, total int, what string) {
		if strings.Contains(what, "internal") {
			cancel()
		}
	}})
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, w.Prospects(t.Context(), cli), "nothing until it is whole")
	res := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Slow"})
	assert.True(t, res.Created)
	git(t, w.repo("slow", wiki.Internal), "fsck", "--strict")
	left, err := filepath.Glob(filepath.Join(w.dir, "spaces", ".*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestImportThatStoppedBetweenTheSidesIsCompleted(t *testing.T) {
	w, s := newWorld(t), newSource(t)
	rules := parseMap(t, "rules: [{from: 'out*', to: external/account}]")
	s.write("in.md", "in")
	s.write("out.md", "out")
	s.commit("one")
	w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Halves", Map: rules})
	external, internal := w.repo("halves", wiki.External), w.repo("halves", wiki.Internal)
	before := strings.TrimSpace(git(t, external, "rev-parse", "main"))
	s.write("out.md", "out, changed")
	s.write("out-2.md", "more")
	s.commit("two")
	first := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Halves"})
	whole, done := git(t, external, "rev-parse", "main^2"), git(t, internal, "rev-parse", "main")

	git(t, external, "update-ref", "refs/heads/main", before)
	again := w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Halves"})
	assert.True(t, again.Changed)
	assert.Equal(t, first.Pairs, again.Pairs, "under the same names")
	assert.Equal(t, whole, git(t, external, "rev-parse", "main^2"))
	assert.Equal(t, done, git(t, internal, "rev-parse", "main"))
	assert.Equal(t, "out, changed", w.read("halves", "external/account/out"))
	assert.Equal(t, "more", w.read("halves", "external/account/out-2"))
	git(t, external, "fsck", "--strict")
	assert.False(t, w.importFrom(s.dir, transfer.ImportOptions{Prospect: "Halves"}).Changed)
}

func TestImportAsks(t *testing.T) {
	ctx := t.Context()
	w, s := newWorld(t), newSource(t)
	s.write("a.md", "a")
	s.commit("one")
	admin, err := w.People().Add(ctx, people.System("test"), people.NewPerson{Email: "ada@example.com", Name: "Ada", Role: people.Admin})
	require.NoError(t, err)
	ada := people.Caller{Person: admin, Scopes: people.AllScopes}
	res, err := transfer.Import(ctx, w.Wiki, ada, open(t, s.dir), transfer.ImportOptions{Prospect: "Owned"})
	require.NoError(t, err)
	access, err := w.People().Access(ctx, res.Slug)
	require.NoError(t, err)
	assert.Equal(t, admin.ID, access.Owner)
	assert.Equal(t, "Owned", res.Entry.Title)
	assert.Contains(t, git(t, w.repo("owned", wiki.Internal), "log", "-1", "--format=%an %ae"), "Ada "+admin.ID+"@users.invalid")

	reader := ada
	reader.Scopes = people.Read
	s.write("b.md", "b")
	s.commit("two")
	_, err = transfer.Import(ctx, w.Wiki, reader, open(t, s.dir), transfer.ImportOptions{Prospect: "Owned"})
	assert.ErrorIs(t, err, people.ErrForbidden)
	_, err = transfer.Import(ctx, w.Wiki, reader, open(t, s.dir), transfer.ImportOptions{Prospect: "Mine"})
	assert.ErrorIs(t, err, people.ErrForbidden)
	_, err = transfer.Import(ctx, w.Wiki, people.Caller{}, open(t, s.dir), transfer.ImportOptions{Prospect: "Mine"})
	assert.True(t, errors.Is(err, people.ErrForbidden) || errors.Is(err, wiki.ErrNotFound), "%v", err)
}
