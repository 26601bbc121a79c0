package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/wiki/people"
)

// TestKilledWhileWriting kills the server with -9 in the middle of 500 writes, or
// 100 where full counts are not asked for, and checks that none that was
// acknowledged is missing.
func TestKilledWhileWriting(t *testing.T) {
	const writers = 5
	each := 20
	if soak() {
		each = 100
	}
	data := t.TempDir()
	db, err := people.Open(filepath.Join(data, "dealwiki.db"), people.Options{Cost: cheap})
	require.NoError(t, err)
	_, token := addPerson(t, db, "Dana Reyes", "dana@example.com", people.Admin)
	require.NoError(t, db.Close())

	p := startProcess(t, data)
	c := &client{url: p.url, token: token, http: &http.Client{}}
	res, err := c.json("POST", "/api/v1/prospects", map[string]any{"name": "Northwind Rail"})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, res.status, "%s", res.body)

	type version struct{ page, version, text string }
	var mu sync.Mutex
	var acknowledged []version
	var done atomic.Int64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			page := fmt.Sprintf("/api/v1/prospects/northwind-rail/pages/internal/closing/page-%d", w)
			precondition := []string{"If-None-Match", "*"}
			for i := range each {
				text := fmt.Sprintf("# Page %d\n\nChange %d.\n", w, i)
				res, err := c.json("PUT", page, map[string]any{"text": text}, precondition...)
				if err != nil {
					return // the server is dead
				}
				if !assert.Contains(t, []int{http.StatusOK, http.StatusCreated}, res.status, "%s", res.body) {
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, version{page, res.etag[1:41], text})
				mu.Unlock()
				precondition = []string{"If-Match", res.etag}
				if done.Add(1) == int64(writers*each/2) {
					go p.kill()
				}
			}
		})
	}
	wg.Wait()
	require.GreaterOrEqual(t, len(acknowledged), writers*each/2)
	require.Less(t, len(acknowledged), writers*each, "it was killed in the middle")

	p = startProcess(t, data)
	c.url = p.url
	for _, v := range acknowledged {
		res, err := c.do("GET", v.page+"?at="+v.version, "", nil)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, res.status, "%s of %s: %s", v.version, v.page, res.body)
		var got struct{ Text string }
		require.NoError(t, json.Unmarshal(res.body, &got))
		require.Equal(t, v.text, got.Text)
	}
	p.stop(t)
	fsck(t, data)
}

// fsck holds every repository against the system's git.
func fsck(t *testing.T, data string) {
	git := need.Program(t, "git")
	repos, err := filepath.Glob(filepath.Join(data, "spaces", "*", "*.git"))
	require.NoError(t, err)
	require.NotEmpty(t, repos)
	for _, r := range repos {
		out, err := exec.Command(git, "-C", r, "fsck", "--full", "--strict").CombinedOutput()
		assert.NoError(t, err, "%s: %s", r, out)
		out, err = exec.Command(git, "clone", "--quiet", r, filepath.Join(t.TempDir(), "clone")).CombinedOutput()
		assert.NoError(t, err, "%s: %s", r, out)
	}
}
