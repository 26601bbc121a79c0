package githttp_test

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// in runs git with something to read.
func (c *clone) in(data []byte, args ...string) string {
	c.t.Helper()
	cmd := exec.Command(c.git, args...)
	cmd.Dir, cmd.Stdin = c.dir, bytes.NewReader(data)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
	out, err := cmd.CombinedOutput()
	require.NoError(c.t, err, "git %v: %s", args, out)
	return strings.TrimSpace(string(out))
}

type entry struct {
	mode, name string
	hash       string
}

// tree writes a folder as it is given, however wrong it is.
func (c *clone) tree(entries ...entry) string {
	c.t.Helper()
	var b bytes.Buffer
	for _, e := range entries {
		raw, err := hex.DecodeString(e.hash)
		require.NoError(c.t, err)
		fmt.Fprintf(&b, "%s %s\x00%s", e.mode, e.name, raw)
	}
	return c.in(b.Bytes(), "hash-object", "-t", "tree", "-w", "--literally", "--stdin")
}

// under makes a commit whose folder closing/ holds what is given.
func (c *clone) under(closing ...entry) string {
	c.t.Helper()
	var top []entry
	for line := range strings.SplitSeq(strings.TrimSpace(c.ok("ls-tree", "HEAD")), "\n") {
		left, name, _ := strings.Cut(line, "\t")
		f := strings.Fields(left)
		if name == "closing" {
			top = append(top, entry{"40000", name, c.tree(closing...)})
			continue
		}
		top = append(top, entry{strings.TrimPrefix(f[0], "0"), name, f[2]})
	}
	return c.commit(c.tree(top...))
}

func (c *clone) commit(tree string) string {
	who := "Dana <" + c.dana.Person.ID + "@users.invalid> 1700000000 +0000"
	parent := strings.TrimSpace(c.ok("rev-parse", "HEAD"))
	return c.in([]byte("tree "+tree+"\nparent "+parent+"\nauthor "+who+"\ncommitter "+who+"\n\nt\n"), "hash-object", "-t", "commit", "-w", "--literally", "--stdin")
}

// TestHostileTrees pushes every tree of the collection that git's own check lets
// through for the most part. Each is refused by its file and a rule.
func TestHostileTrees(t *testing.T) {
	d := newDesk(t)
	c := d.clone(d.dana, "internal")
	blob := c.in([]byte("hi\n"), "hash-object", "-w", "--stdin")
	file := func(names ...string) []entry {
		var list []entry
		for _, name := range names {
			list = append(list, entry{"100644", name, blob})
		}
		return list
	}
	gone := hex.EncodeToString(bytes.Repeat([]byte{0x11}, 20))
	for _, x := range []struct {
		name    string
		entries []entry
		file    string // as the message has it
		rule    string
	}{
		{".git", file(".git"), "closing/.git", "git keeps that name for itself"},
		{".GIT", file(".GIT"), "closing/.GIT", "git keeps that name for itself"},
		{"git~1", file("git~1"), "closing/git~1", "git keeps that name for itself"},
		{".g<ZWNJ>it", file(".g\u200cit"), `closing/.g\u200cit`, "git keeps that name for itself"},
		{"..", file(".."), "closing/..", "cannot be kept"},
		{"a/b", file("a/b"), "closing/a/b", "slash"},
		{"backslash", file(`..\x`), `closing/..\x`, "backslash"},
		{"symlink", []entry{{"120000", "link.md", blob}}, "closing/link.md", "symbolic link"},
		{"gitlink", []entry{{"160000", "sub", gone}}, "closing/sub", "submodule"},
		{"duplicate", file("a.md", "a.md"), "closing/a.md", "twice"},
		{"case-collision", file("A.md", "a.md"), "closing/a.md", "capital letters"},
		{"newline", file("a\nb"), `closing/a\u000ab`, "cannot be seen"},
		{"RLO", file("a\u202egpj.md"), `closing/a\u202egpj.md`, "cannot be seen"},
		{"bad-utf8", file("\xff\xfe.md"), `closing/\xff\xfe.md`, "not UTF-8"},
		{"CON.md", file("CON.md"), "closing/CON.md", "small letters"},
		{"con.md", file("con.md"), "closing/con.md", "reserved name"},
		{"leading-dash", file("--output=x"), "closing/--output=x", "not where pages and files lie"},
		{"5000-bytes", file(strings.Repeat("n", 5000)), "closing/nnn", "longer than 255 bytes"},
		{"100777", []entry{{"100777", "x.md", blob}}, "closing/x.md", "mode 100777"},
		{"100755", []entry{{"100755", "x.md", blob}}, "closing/x.md", "marked as a program"},
		{"0100644", []entry{{"0100644", "x.md", blob}}, "closing/x.md", "mode written in a way"},
		{"gitmodules-symlink", []entry{{"120000", ".gitmodules", blob}}, "closing/.gitmodules", "symbolic link"},
		{"gitmodules", file(".gitmodules"), "closing/.gitmodules", "git keeps that name for itself"},
		{"unsorted", file("b.md", "a.md"), "closing/a.md", "out of order"},
		{"a file that is nowhere", []entry{{"100644", "x.md", gone}}, "", ""},
		{"a folder for a file", []entry{{"100644", "x.md", c.tree(file("y.md")...)}}, "", ""},
		{"too deep", []entry{{"40000", "a", func() string {
			h := c.tree(file("x")...)
			for range 40 {
				h = c.tree(entry{"40000", "a", h})
			}
			return h
		}()}}, "closing/a/a", "too deep"},
	} {
		t.Run(x.name, func(t *testing.T) {
			commit := c.under(x.entries...)
			out := c.refused("origin", commit+":refs/heads/main")
			if x.file == "" { // git's own client may see it first
				return
			}
			assert.Contains(t, out, "Refused, nothing of the push was taken")
			assert.Contains(t, out, x.file)
			assert.Contains(t, out, x.rule)
			assert.Contains(t, out, "What to do: ")
			assert.Contains(t, out, "commit "+commit[:8])
			assert.NotContains(t, out, d.Dir)
		})
	}
	d.fsck()
}

func TestRulesOfAPush(t *testing.T) {
	d := newDesk(t)
	ctx := t.Context()
	prospect := func(c *clone, old, new string) string {
		data, err := os.ReadFile(filepath.Join(c.dir, "prospect.yaml"))
		require.NoError(t, err)
		require.Contains(t, string(data), old)
		return strings.Replace(string(data), old, new, 1)
	}
	_ = d.Edit(d.dana, d.space, "internal/pricing/margin", "# Margin\n\nOur floor is 700k.\n")
	_, err := d.space.Transact(ctx, people.System("test"), people.Editor, func(tx *wiki.Transaction) (string, error) {
		if err := tx.Write("warnings.yaml", []byte("warnings: []\n")); err != nil {
			return "", err
		}
		return "Hand off", tx.Write("handoffs/0001.md", []byte("---\nfrom: pricing\n---\n"))
	})
	require.NoError(t, err)
	for _, x := range []struct {
		name, section string
		files         func(*clone) map[string]string
		message       string
		want          []string
	}{
		{"bytes that are no text", "internal", one("closing/plan.md", "# Plan \xc3\x28\n"), "", []string{"closing/plan.md", "not valid UTF-8"}},
		{"NUL", "internal", one("closing/plan.md", "a\x00b"), "", []string{"closing/plan.md", "NUL"}},
		{"a huge page", "internal", one("closing/huge.md", strings.Repeat("x", wiki.MaxPage+1)), "", []string{"closing/huge.md", "split it"}},
		{"a huge attachment", "internal", one("closing/files/huge.bin", strings.Repeat("x", 1<<20+1)), "", []string{"closing/files/huge.bin", "an attachment at most"}},
		{"capital letters", "internal", one("closing/Big Plan.md", "x"), "", []string{"closing/Big Plan.md", "big-plan.md"}},
		{"an unknown stage", "internal", one("dreaming/x.md", "x"), "", []string{"dreaming/x.md", "not a stage of the funnel"}},
		{"at the top", "internal", one("README.md", "x"), "", []string{"README.md", "STAGE/PAGE.md"}},
		{"an attachment in the wrong place", "internal", one("closing/map.png", "x"), "", []string{"closing/map.png", "STAGE/files/NAME"}},
		{"a log entry without a date", "internal", one("log/call.md", "x"), "", []string{"log/call.md", "begin with a date"}},
		{"comments that cannot be read", "internal", one("closing/plan.comments.yaml", "threads: {"), "", []string{"closing/plan.comments.yaml", "cannot be read"}},
		{"a comment in another's name", "internal", one("closing/plan.comments.yaml", "threads:\n- id: k1\n  comments:\n  - id: k2\n    by: somebody\n    name: Ingrid Solberg\n    at: 2026-11-02T09:00:00Z\n    text: We agree.\n"), "", []string{"closing/plan.comments.yaml", "in the name of somebody else"}},
		{"the import record", "internal", one("import.yaml", "imports: []\n"), "", []string{"import.yaml", "imports alone"}},
		{"a handoff", "internal", one("handoffs/0002.md", "x"), "", []string{"handoffs/0002.md", "records of handoffs"}},
		{"a handoff changed", "internal", one("handoffs/0001.md", "x"), "", []string{"handoffs/0001.md", "records of handoffs"}},
		{"a file of the wiki's own", "internal", one("warnings.yaml", "x: y\n"), "", []string{"warnings.yaml", "the wiki alone writes it"}},
		{"no YAML", "internal", one("prospect.yaml", "title: [\n"), "", []string{"prospect.yaml", "not valid"}},
		{"the stage", "internal", func(c *clone) map[string]string {
			return map[string]string{"prospect.yaml": prospect(c, "stage: closing", "stage: delivering")}
		}, "", []string{"prospect.yaml", "stage or the outcome", "git checkout"}},
		{"the outcome", "internal", func(c *clone) map[string]string {
			return map[string]string{"prospect.yaml": prospect(c, "outcome: open", "outcome: won")}
		}, "", []string{"prospect.yaml", "stage or the outcome"}},
		{"our trailer", "internal", one("closing/x.md", "x"), "x\n\nAuthorship: abc 1-2", []string{"which the wiki alone writes"}},
		{"a name twice outside", "external", one("pricing/terms.md", "x"), "", []string{"pricing/terms.md", "closing/terms.md", "used once"}},
		{"a reserved name outside", "external", one("closing/search.md", "x"), "", []string{"closing/search.md", "meaning of its own"}},
		{"an internal page outside", "external", one("closing/offer.md", "# Margin\n\nOur floor is 700k.\n"), "", []string{"closing/offer.md", "word for word an internal page", "Share"}},
		{"an address outside", "external", one("closing/x.md", "x"), "ask boss@fairlead.example", []string{"boss@fairlead.example", "guests read"}},
		{"a trailer outside", "external", one("closing/x.md", "x"), "x\n\nSigned-off-by: Dana", []string{"Signed-off-by", "guests read"}},
		{"the customer's file", "external", one("space.yaml", "title: [\n"), "", []string{"space.yaml", "not valid"}},
	} {
		t.Run(x.name, func(t *testing.T) {
			c := d.clone(d.dana, x.section)
			message := x.message
			if message == "" {
				message = "work"
			}
			c.write(message, x.files(c))
			out := c.refused()
			for _, want := range append(x.want, "What to do: ") {
				assert.Contains(t, out, want)
			}
			assert.NotContains(t, out, d.Dir)
			if x.name == "a name twice outside" {
				return // which matters for what is there, not for the past
			}
			// A commit that makes it good again does not make it good.
			c.ok("revert", "--no-edit", "HEAD")
			out = c.refused()
			assert.Contains(t, out, x.want[0])
		})
	}

	// Neither are they removed, nor taken back by a merge.
	old := d.clone(d.dana, "internal")
	old.ok("rm", "-q", "warnings.yaml", "handoffs/0001.md")
	old.write("remove", nil)
	out := old.refused()
	assert.Contains(t, out, "warnings.yaml")
	assert.Contains(t, out, "handoffs/0001.md")
	old.ok("reset", "-q", "--hard", "HEAD~1")
	old.write("work", map[string]string{"closing/w.md": "# w\n"})
	_, err = d.space.Transact(ctx, people.System("test"), people.Editor, func(tx *wiki.Transaction) (string, error) {
		return "Warn", tx.Write("warnings.yaml", []byte("warnings: [x]\n"))
	})
	require.NoError(t, err)
	old.ok("fetch", "-q")
	old.ok("merge", "-q", "-s", "ours", "--no-edit", "origin/main")
	assert.Contains(t, old.refused(), "warnings.yaml")

	// What guests would read of who made a commit.
	c := d.clone(d.dana, "external")
	c.ok("config", "user.email", "dana@fairlead.example")
	c.write("work", map[string]string{"closing/x.md": "# x\n"})
	out = c.refused()
	assert.Contains(t, out, "names dana@fairlead.example")
	assert.Contains(t, out, "git config user.email "+d.dana.Person.ID+"@users.invalid")
	c.ok("config", "user.email", d.dana.Person.ID+"@users.invalid")
	c.ok("commit", "-q", "--amend", "--reset-author", "--no-edit")
	c.ok("push", "-q", "origin", "main")
	assert.Equal(t, "# x\n", d.text("external/closing/x"), "what it says to do, does")

	// Guests of one customer are nobody to another's.
	d.Prospect(d.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Arden Metro", Slug: "arden", Stage: "closing"}})
	for prospect, name := range map[string]string{"arden": "Olga Arden", "northwind": "Ingrid Solberg"} {
		_, invitation, err := d.People.InviteGuest(ctx, d.dana, people.NewGuest{Prospect: prospect, Name: name, Email: prospect + "@customer.example", Role: people.GuestEditor})
		require.NoError(t, err)
		p, _, err := d.People.JoinAsGuest(ctx, people.Caller{}, invitation, "")
		require.NoError(t, err)
		c.write("by a guest", map[string]string{"closing/guest.md": "# By a guest\n"})
		c.ok("commit", "-q", "--amend", "--no-edit", "--author", name+" <"+p.ID+"@users.invalid>")
		if prospect == "arden" {
			assert.Contains(t, c.refused(), "who is nobody here")
			c.ok("reset", "-q", "--hard", "origin/main")
		} else {
			c.ok("push", "-q", "origin", "main")
			c.ok("fetch", "-q")
		}
	}

	// On the internal side commits keep their own.
	in := d.clone(d.dana, "internal")
	in.ok("config", "user.email", "dana@fairlead.example")
	in.write("Signed work\n\nSigned-off-by: Dana <dana@fairlead.example>", map[string]string{"closing/y.md": "# y\n", "prospect.yaml": prospect(in, "outcome: open", "outcome: open\nsource: fair")})
	in.ok("push", "-q", "origin", "main")
	e, err := d.Wiki.Prospect(ctx, d.dana, "northwind")
	require.NoError(t, err)
	assert.Equal(t, "fair", e.Source)

	// The owner alone writes what the customer is told of the deal.
	m := d.clone(d.mara, "external")
	data, err := os.ReadFile(filepath.Join(m.dir, "space.yaml"))
	require.NoError(t, err)
	m.write("goal", map[string]string{"space.yaml": string(data) + "goal: \"2027-03-01\"\n"})
	assert.Contains(t, m.refused(), "owner alone")

	// The internal history does not come out by a merge.
	c.ok("remote", "add", "inside", d.address(d.token(d.dana, people.Git), "internal"))
	c.ok("fetch", "-q", "inside", "main")
	c.ok("merge", "-q", "--allow-unrelated-histories", "--no-edit", "-m", "both", "inside/main")
	assert.Contains(t, c.refused(), "is of the internal side")
	d.fsck()
}

func one(name, text string) func(*clone) map[string]string {
	return func(*clone) map[string]string { return map[string]string{name: text} }
}

func TestOnlyMainAndOnlyForward(t *testing.T) {
	d := newDesk(t)
	c := d.clone(d.dana, "internal")
	before := strings.TrimSpace(c.ok("rev-parse", "HEAD"))
	c.write("one", map[string]string{"closing/x.md": "# x\n"})
	for _, args := range [][]string{{"origin", "HEAD:refs/heads/topic"}, {"origin", "HEAD:refs/tags/v1"}, {"origin", "HEAD:refs/heads/main", "HEAD:refs/heads/topic"},
		{"--atomic", "origin", "HEAD:refs/heads/main", "HEAD:refs/notes/x"}, {"origin", "HEAD:refs/hidden/../heads/x"}} {
		out := c.refused(args...)
		assert.NotContains(t, out, "[new")
	}
	assert.Contains(t, c.refused("origin", ":main"), "remote rejected")
	c.ok("push", "-q", "origin", "main")
	c.ok("reset", "-q", "--hard", before)
	assert.Contains(t, c.refused("--force", "origin", "main"), "only go forward")
	c.write("other", map[string]string{"closing/z.md": "# z\n"})
	assert.Contains(t, c.refused("--force", "origin", "main"), "only go forward")

	// As no git would ask.
	zero := strings.Repeat("0", 40)
	packet := func(s string) string { return fmt.Sprintf("%04x%s", len(s)+4, s) }
	token := d.token(d.dana, people.Git)
	head := d.head(wiki.Internal)
	empty := "PACK\x00\x00\x00\x02\x00\x00\x00\x00"
	sum := sha1.Sum([]byte(empty))
	for name, x := range map[string]struct{ command, pack, want string }{
		"delete":           {head + " " + zero + " refs/heads/main", "", "cannot be deleted"},
		"old is not there": {before + " " + head + " refs/heads/main", empty + string(sum[:]), "git pull"},
		"new is not there": {head + " " + strings.Repeat("1", 40) + " refs/heads/main", empty + string(sum[:]), "leaves out"},
		"no pack":          {head + " " + before + " refs/heads/main", "", "no pack"},
		"noise":            {head + " " + before + " refs/heads/main", strings.Repeat("x", 100), "no pack"},
		"a cut pack":       {head + " " + before + " refs/heads/main", "PACK\x00\x00\x00\x02\x00\x00\x00\x05", "damaged"},
		"a forged count":   {head + " " + before + " refs/heads/main", "PACK\x00\x00\x00\x02\xff\xff\xff\xff", "objects"},
		"a huge object":    {head + " " + before + " refs/heads/main", "PACK\x00\x00\x00\x02\x00\x00\x00\x01\xbf\xff\xff\xff\x7f", ""},
		"backwards":        {head + " " + before + " refs/heads/main", empty + string(sum[:]), "only go forward"},
	} {
		t.Run(name, func(t *testing.T) {
			body := packet(x.command+"\x00report-status side-band-64k\n") + "0000" + x.pack
			status, answer, _ := d.ask("POST", "/git/northwind/internal.git/git-receive-pack", token, "application/x-git-receive-pack-request", strings.NewReader(body))
			assert.Equal(t, 200, status)
			assert.Contains(t, answer, x.want)
			assert.Contains(t, answer, "ng refs/heads/main")
			assert.Equal(t, head, d.head(wiki.Internal))
		})
	}
	d.fsck()
}

func TestPacksThatCostTooMuch(t *testing.T) {
	d := newDesk(t)
	c := d.clone(d.dana, "internal")
	c.write("one", map[string]string{"closing/files/zeros.bin": strings.Repeat("\x00", 5<<20)})
	out := c.refused()
	assert.Contains(t, out, "leave the file out")
	r, err := d.space.Internal().OpenRepo(t.Context(), d.dana)
	require.NoError(t, err)
	pack := c.in([]byte(strings.TrimSpace(c.ok("rev-parse", "HEAD"))+"\n"), "rev-list", "--objects", "HEAD")
	var ids []string
	for line := range strings.SplitSeq(pack, "\n") {
		ids = append(ids, strings.Fields(line)[0])
	}
	data := c.in([]byte(strings.Join(ids, "\n")+"\n"), "pack-objects", "--stdout", "-q")
	for name, limits := range map[string]repo.PackLimits{"objects": {Object: 1 << 30, Total: 1 << 30, Objects: 2}, "total": {Object: 1 << 30, Total: 1 << 20, Objects: 1000}} {
		q, err := r.Quarantine()
		require.NoError(t, err)
		var refused *repo.PackError
		require.ErrorAs(t, q.Index(t.Context(), strings.NewReader(data), limits), &refused, name)
		require.NoError(t, q.Drop())
	}
	d.fsck()
}
