package githttp_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/web/githttp"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
	"dealwiki/wiki/wikitest"
)

// desk is a wiki behind a git door.
type desk struct {
	*wikitest.Desk
	t          *testing.T
	server     *httptest.Server
	dana, mara people.Caller
	space      *wiki.Space
	git        string
}

func newDesk(t *testing.T, change ...func(*wiki.Config, *githttp.Config)) *desk {
	git := need.Program(t, "git")
	cfg, door := wiki.Config{Company: "Fairlead", MaxFile: 1 << 20}, githttp.Config{Wait: 10 * time.Second}
	for _, f := range change {
		f(&cfg, &door)
	}
	d := &desk{Desk: wikitest.New(t, cfg), t: t, git: git}
	d.dana, d.mara = d.Person("Dana Reyes", "dana@fairlead.example", "sales"), d.Person("Mara Lind", "mara@fairlead.example", "technical")
	d.space = d.Prospect(d.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Northwind Rail", Slug: "northwind", Stage: "closing"}})
	d.Edit(d.dana, d.space, "internal/closing/plan", "# Plan\n\nOne.\n\nTwo.\n\nThree.\n")
	d.Edit(d.dana, d.space, "external/closing/terms", "# Terms\n\nNet 30.\n")
	door.Wiki, door.People = d.Wiki, d.People
	door.IP = func(r *http.Request) string { return "192.0.2.1" }
	d.server = httptest.NewServer(githttp.New(door))
	t.Cleanup(d.server.Close)
	return d
}

// token makes an API token of somebody's.
func (d *desk) token(c people.Caller, scopes people.Scope) string {
	d.t.Helper()
	secret, _, err := d.People.NewToken(context.Background(), people.System("test"), c.Person.ID, "git", scopes, time.Time{})
	require.NoError(d.t, err)
	return secret
}

// address is that of a repository, with a token as the password.
func (d *desk) address(token, section string) string {
	u, err := url.Parse(d.server.URL + "/git/northwind/" + section + ".git")
	require.NoError(d.t, err)
	if token != "" {
		u.User = url.UserPassword("me", token)
	}
	return u.String()
}

// clone is a clone of somebody's.
type clone struct {
	*desk
	dir string
}

func (d *desk) run(dir string, args ...string) (string, error) {
	d.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, d.git, args...)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + d.t.TempDir(), "GIT_TERMINAL_PROMPT=0", "GIT_CONFIG_NOSYSTEM=1", "LC_ALL=C"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (d *desk) clone(c people.Caller, section string, args ...string) *clone {
	d.t.Helper()
	dir := filepath.Join(d.t.TempDir(), "clone")
	out, err := d.run(filepath.Dir(dir), append(append([]string{"clone", "-q"}, args...), d.address(d.token(c, people.Git), section), dir)...)
	require.NoError(d.t, err, out)
	cl := &clone{d, dir}
	cl.ok("config", "user.name", c.Person.Name)
	cl.ok("config", "user.email", c.Person.ID+"@users.invalid")
	return cl
}

func (c *clone) ok(args ...string) string {
	c.t.Helper()
	out, err := c.run(c.dir, args...)
	require.NoError(c.t, err, "git %v: %s", args, out)
	return out
}

// write makes files and commits them.
func (c *clone) write(message string, files map[string]string) {
	c.t.Helper()
	for name, text := range files {
		file := filepath.Join(c.dir, filepath.FromSlash(name))
		require.NoError(c.t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(c.t, os.WriteFile(file, []byte(text), 0o644))
	}
	c.ok("add", "-A")
	c.ok("commit", "-q", "-m", message)
}

// refused pushes and answers what git shows of the refusal.
func (c *clone) refused(args ...string) string {
	c.t.Helper()
	before := c.head("internal") + c.head("external")
	if len(args) == 0 {
		args = []string{"origin", "HEAD:main"}
	}
	out, err := c.run(c.dir, append([]string{"push"}, args...)...)
	require.Error(c.t, err, out)
	assert.Equal(c.t, before, c.head("internal")+c.head("external"), "nothing of it is taken")
	return out
}

func (d *desk) side(section wiki.Section) *wiki.Side {
	side, err := d.space.Side(section)
	require.NoError(d.t, err)
	return side
}

func (d *desk) head(section wiki.Section) string {
	h, err := d.side(section).Head(context.Background(), d.dana)
	require.NoError(d.t, err)
	return h.String()
}

func (d *desk) text(at string) string {
	p, err := wiki.ParsePlace(at)
	require.NoError(d.t, err)
	page, err := d.side(p.Section).Read(context.Background(), d.dana, p)
	require.NoError(d.t, err)
	return string(page.Text)
}

func (d *desk) fsck() {
	for _, section := range []string{"internal", "external"} {
		out, err := d.run(filepath.Join(d.Dir, "spaces", "northwind", section+".git"), "fsck", "--full", "--strict")
		assert.NoError(d.t, err, out)
	}
	left, err := filepath.Glob(filepath.Join(d.Dir, "spaces", "*", "*.git", "objects", "tmp_*"))
	require.NoError(d.t, err)
	assert.Empty(d.t, left, "no quarantine is left")
}

func TestCloneFetchPush(t *testing.T) {
	d := newDesk(t)
	a, b := d.clone(d.dana, "internal"), d.clone(d.mara, "internal", "--depth", "1")
	text, err := os.ReadFile(filepath.Join(a.dir, "closing", "plan.md"))
	require.NoError(t, err)
	assert.Equal(t, d.text("internal/closing/plan"), string(text))
	for _, args := range [][]string{{"-c", "protocol.version=0"}, {"-c", "protocol.version=1"}, {"--filter=blob:none"}, {"--bare", "--filter=tree:0"}, {"--depth", "1", "--filter=blob:none"}} {
		d.clone(d.dana, "internal", args...)
	}
	a.write("More on the plan", map[string]string{"closing/plan.md": "# Plan\n\nOne.\n\nTwo and a half.\n\nThree.\n", "closing/files/map.png": "png", "account/new-page.md": "# New\n\n> [!risk] It rains\n"})
	out := a.ok("push", "origin", "main")
	assert.Contains(t, out, "New facts on a page got their ids")
	assert.Contains(t, d.text("internal/closing/plan"), "Two and a half.")
	assert.Regexp(t, `It rains \^\w+-\w+`, d.text("internal/account/new-page"))

	// The other one is behind, is told so, pulls and goes on: from a shallow clone.
	b.write("Mara's", map[string]string{"closing/other.md": "# Other\n"})
	assert.Contains(t, b.refused(), "git pull")
	b.ok("pull", "-q", "--no-rebase", "--no-edit")
	b.ok("push", "-q", "origin", "main")
	assert.Equal(t, "# Other\n", d.text("internal/closing/other"))
	a.ok("pull", "-q")
	a.ok("fetch", "-q", "--depth", "2")
	d.fsck()

	// Pages of the wiki show up, and who pushed is known.
	history, err := d.space.Internal().History(t.Context(), d.dana, wiki.Place{Section: wiki.Internal, Stage: "account", Page: "new-page"}, 10, repo.Zero)
	require.NoError(t, err)
	pushers, err := d.space.Internal().Pushers(t.Context(), d.dana, history)
	require.NoError(t, err)
	assert.Equal(t, map[repo.Hash]string{history[1].Commit: d.dana.Person.ID}, pushers, "the ids were not pushed")
	events, _, err := d.People.Audit(t.Context(), people.System("test"), people.AuditFilter{Action: "git.push"}, 10, 0)
	require.NoError(t, err)
	require.Len(t, events, 2)
	assert.Equal(t, d.mara.Person.ID, events[0].Actor)
	assert.Equal(t, "192.0.2.1", events[0].IP)
}

// ask sends a request as no git would, and answers status and body.
func (d *desk) ask(method, path, token, contentType string, body io.Reader, header ...string) (int, string, http.Header) {
	d.t.Helper()
	r, err := http.NewRequest(method, d.server.URL+path, body)
	require.NoError(d.t, err)
	if token != "" {
		r.SetBasicAuth("x", token)
	}
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	res, err := http.DefaultTransport.RoundTrip(r)
	require.NoError(d.t, err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	require.NoError(d.t, err)
	res.Header.Del("Date")
	return res.StatusCode, string(data), res.Header
}

func TestWhoComesIn(t *testing.T) {
	ctx := t.Context()
	d := newDesk(t)
	secret := d.Prospect(d.dana, wiki.NewProspect{Prospect: wiki.Prospect{Title: "Secret", Slug: "secret"}, Restricted: true})
	require.NotNil(t, secret)
	paths := []string{
		"/git/northwind/internal.git/info/refs?service=git-upload-pack", "/git/northwind/internal.git/info/refs?service=git-receive-pack", "/git/northwind/internal.git/info/refs",
		"/git/secret/external.git/info/refs?service=git-upload-pack", "/git/nothing/internal.git/info/refs?service=git-upload-pack", "/git/", "/git/x", "/git/northwind/internal.git/HEAD",
		"/git/northwind/internal.git/objects/info/packs", "/git/northwind/../x", "/git/playbook/external.git/info/refs?service=git-upload-pack",
	}
	same := func(token string, want int, paths []string) {
		t.Helper()
		status, body, header := d.ask("GET", paths[0], token, "", nil)
		require.Equal(t, want, status, body)
		for _, path := range paths {
			for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
				s, b, h := d.ask(method, path, token, "", nil)
				assert.Equal(t, want, s, method+path)
				assert.Equal(t, body, b, method+path)
				assert.Equal(t, header, h, method+path)
			}
		}
	}
	same("", http.StatusUnauthorized, paths)
	same("dw_wrong", http.StatusUnauthorized, paths)
	status, _, _ := d.ask("GET", paths[0], "", "", nil, "Authorization", "Bearer "+d.token(d.dana, people.Git))
	assert.Equal(t, http.StatusUnauthorized, status, "by Basic alone")
	same(d.token(d.dana, people.Read|people.Write), http.StatusNotFound, paths)

	// A guest, and somebody who does not see the prospect.
	_, invitation, err := d.People.InviteGuest(ctx, d.dana, people.NewGuest{Prospect: "northwind", Name: "Ingrid", Email: "ingrid@northwind.example", Role: people.GuestEditor})
	require.NoError(t, err)
	p, _, err := d.People.JoinAsGuest(ctx, people.Caller{}, invitation, "")
	require.NoError(t, err)
	guest := people.Caller{Person: p}
	ingrid := d.token(guest, people.Git)
	same(ingrid, http.StatusNotFound, append(paths, "/git/northwind/external.git/info/refs?service=git-upload-pack"))
	same(d.token(d.mara, people.Git), http.StatusNotFound, paths[2:])

	require.ErrorIs(t, d.People.SetGuestsMayClone(ctx, d.mara, "northwind", true), people.ErrForbidden)
	require.NoError(t, d.People.SetGuestsMayClone(ctx, d.dana, "northwind", true))
	c := d.clone(guest, "external")
	_, err = os.Stat(filepath.Join(c.dir, "closing", "terms.md"))
	require.NoError(t, err)
	c.write("x", map[string]string{"closing/terms.md": "# x\n"})
	assert.Contains(t, c.refused(), "not found")
	same(ingrid, http.StatusNotFound, append(paths, "/git/northwind/external.git/info/refs?service=git-receive-pack", "/git/northwind/external.git/info/refs?service=git-upload-pack&x=1"))
	require.NoError(t, d.People.SetGuestsMayClone(ctx, d.dana, "northwind", false))
	same(ingrid, http.StatusNotFound, append(paths, "/git/northwind/external.git/info/refs?service=git-upload-pack"))

	// Whoever may only read clones and is told why a push fails.
	require.NoError(t, d.People.Grant(ctx, d.dana, "northwind", d.mara.Person.ID, people.Viewer))
	v := d.clone(d.mara, "internal")
	v.write("x", map[string]string{"closing/x.md": "# x\n"})
	assert.Contains(t, v.refused(), "You can clone this but not push")
	token := d.token(d.mara, people.Git)
	require.NoError(t, d.People.Disable(ctx, people.System("test"), d.mara.Person.ID))
	same(token, http.StatusUnauthorized, paths)
}

func TestWithoutGit(t *testing.T) {
	d := newDesk(t, func(c *wiki.Config, _ *githttp.Config) { c.Git = "-" })
	status, body, _ := d.ask("GET", "/git/northwind/internal.git/info/refs?service=git-upload-pack", d.token(d.dana, people.Git), "", nil)
	assert.Equal(t, http.StatusNotImplemented, status)
	assert.Contains(t, body, "git is not installed on this server")
	status, _, _ = d.ask("GET", "/git/nothing/internal.git/info/refs?service=git-upload-pack", d.token(d.dana, people.Git), "", nil)
	assert.Equal(t, http.StatusNotFound, status)
}

func TestOddRequests(t *testing.T) {
	d := newDesk(t, func(_ *wiki.Config, g *githttp.Config) { g.MaxPush = 1 << 20 })
	token := d.token(d.dana, people.Git)
	const base, push, pull = "/git/northwind/internal.git/", "application/x-git-receive-pack-request", "application/x-git-upload-pack-request"
	packed := func(data []byte) io.Reader {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write(data)
		require.NoError(t, err)
		require.NoError(t, z.Close())
		return &b
	}
	for name, c := range map[string]struct {
		path, kind string
		body       io.Reader
		header     []string
		want       int
	}{
		"nothing":         {base + "git-receive-pack", push, nil, nil, 400},
		"a try":           {base + "git-receive-pack", push, strings.NewReader("0000"), nil, 200},
		"a packed try":    {base + "git-receive-pack", push, packed([]byte("0000")), []string{"Content-Encoding", "gzip"}, 200},
		"not packed":      {base + "git-receive-pack", push, strings.NewReader("0000"), []string{"Content-Encoding", "gzip"}, 400},
		"unknown packing": {base + "git-receive-pack", push, strings.NewReader("0000"), []string{"Content-Encoding", "br"}, 400},
		"noise":           {base + "git-receive-pack", push, strings.NewReader("zzzz"), nil, 400},
		"short packet":    {base + "git-receive-pack", push, strings.NewReader("0003"), nil, 400},
		"cut packet":      {base + "git-receive-pack", push, strings.NewReader("00ffabc"), nil, 400},
		"no command":      {base + "git-receive-pack", push, strings.NewReader("000aabcdef0000"), nil, 400},
		"wrong kind":      {base + "git-receive-pack", pull, strings.NewReader("0000"), nil, 400},
		"mixed":           {base + "git-receive-pack?service=git-upload-pack", push, strings.NewReader("0000"), nil, 404},
		"too large":       {base + "git-receive-pack", push, bytes.NewReader(make([]byte, 2<<20)), nil, 413},
		"a packed bomb":   {base + "git-receive-pack", push, packed(make([]byte, 64<<20)), []string{"Content-Encoding", "gzip"}, 413},
	} {
		t.Run(name, func(t *testing.T) {
			status, body, _ := d.ask("POST", c.path, token, c.kind, c.body, c.header...)
			assert.Equal(t, c.want, status, body)
		})
	}
	for _, service := range []string{"git-upload-archive", "upload-pack", "git-upload-pack%00", "--help", ""} {
		status, _, _ := d.ask("GET", base+"info/refs?service="+service, token, "", nil)
		assert.Equal(t, http.StatusNotFound, status, service)
	}
	status, body, _ := d.ask("GET", base+"info/refs?service=git-upload-pack", token, "", nil, "Git-Protocol", "version=2:x=y")
	assert.Equal(t, http.StatusOK, status)
	assert.Contains(t, body, "version 2")
	d.fsck()
}

// TestGitIsCalledWithWordsOfOursOnly has a program in git's place that writes
// down how it was called.
func TestGitIsCalledWithWordsOfOursOnly(t *testing.T) {
	dir := t.TempDir()
	fake, log := filepath.Join(dir, "git"), filepath.Join(dir, "log")
	real := need.Program(t, "git")
	script := fmt.Sprintf("#!/bin/sh\nprintf '%%s\\n' \"$*\" \"proto=$GIT_PROTOCOL\" >>%s\nexec %s \"$@\"\n", log, real)
	require.NoError(t, os.WriteFile(fake, []byte(script), 0o755))
	d := newDesk(t, func(c *wiki.Config, _ *githttp.Config) { c.Git = fake })
	a := d.clone(d.dana, "internal")
	a.write("--output=x $(touch y)", map[string]string{"closing/plan.md": "# --upload-pack=evil\n"})
	a.ok("push", "-q", "origin", "main")
	_, _, _ = d.ask("GET", "/git/northwind/internal.git/info/refs?service=git-upload-pack", d.token(d.dana, people.Git), "", nil, "Git-Protocol", "version=2\" --evil")
	data, err := os.ReadFile(log)
	require.NoError(t, err)
	called := string(data)
	assert.NotContains(t, called, "evil")
	assert.NotContains(t, called, "northwind", "not even a name")
	const always = "--git-dir=. -c core.fsync=all -c gc.auto=0 -c core.hooksPath=/dev/null "
	known := []string{"-c uploadpack.allowFilter=true upload-pack --stateless-rpc --advertise-refs .", "-c uploadpack.allowFilter=true upload-pack --stateless-rpc .", "index-pack --stdin --fix-thin"}
	for line := range strings.SplitSeq(strings.TrimSpace(called), "\n") {
		if strings.HasPrefix(line, "proto=") {
			assert.Contains(t, []string{"proto=", "proto=version=2"}, line)
			continue
		}
		args, ok := strings.CutPrefix(line, always)
		require.True(t, ok, line)
		if strings.HasPrefix(args, "index-pack --strict -o ") {
			assert.Regexp(t, `^index-pack --strict -o objects/tmp_incoming_\d+/strict\.idx objects/tmp_incoming_\d+/pack/pack-[0-9a-f]{40}\.pack$`, args)
			continue
		}
		assert.Contains(t, known, args)
	}
}

func TestConcurrentPushesAndEdits(t *testing.T) {
	d := newDesk(t)
	var wg sync.WaitGroup
	errs := make(chan error, 16)
	for i := range 3 {
		c := d.clone(d.dana, "internal")
		wg.Go(func() {
			for n := range 3 {
				name := fmt.Sprintf("closing/page-%d-%d.md", i, n)
				if err := os.WriteFile(filepath.Join(c.dir, name), []byte("# Page\n"), 0o644); err != nil {
					errs <- err
					return
				}
				for _, args := range [][]string{{"add", "-A"}, {"commit", "-q", "-m", name}} {
					if out, err := d.run(c.dir, args...); err != nil {
						errs <- fmt.Errorf("%w: %s", err, out)
						return
					}
				}
				for range 60 {
					if _, err := d.run(c.dir, "push", "-q", "origin", "main"); err == nil {
						break
					}
					if out, err := d.run(c.dir, "pull", "-q", "--rebase"); err != nil {
						errs <- fmt.Errorf("%w: %s", err, out)
						return
					}
				}
			}
		})
	}
	wg.Go(func() {
		in := d.space.Internal()
		for n := range 12 {
			_, err := in.Edit(context.Background(), d.mara, wiki.Edit{Place: wiki.Place{Section: wiki.Internal, Stage: "pricing", Page: fmt.Sprintf("edit-%d", n)}, Text: []byte("# Edit\n")})
			if err != nil {
				errs <- err
			}
			time.Sleep(20 * time.Millisecond)
		}
	})
	wg.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	pages, err := d.space.Internal().Pages(t.Context(), d.dana)
	require.NoError(t, err)
	assert.Len(t, pages, 1+9+12, "nothing is lost")
	d.fsck()
}
