package realtime_test

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/internal/need"
	"dealwiki/realtime"
	"dealwiki/realtime/load"
)

// A stock client of yjs and y-websocket in Node writes beside ours, unmodified.
func TestStockClient(t *testing.T) {
	dir, err := load.InstallNode("testdata/node")
	need.OK(t, "the stock client in Node", err)
	s := newSite(t, realtime.Config{Idle: 50 * time.Millisecond})
	s.page(planAt, "# Plan with a beginning that is long enough\n")
	dana := s.join(s.dana, planAt, "").in()
	cmd := exec.CommandContext(t.Context(), "node", filepath.Join(dir, "stock.mjs"),
		"ws"+strings.TrimPrefix(s.server.URL, "http"), planAt, s.tom.Person.ID)
	var out, said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &said
	require.NoError(t, cmd.Start())
	for i := range 40 {
		dana.types(i%5, i%2, "d")
		time.Sleep(5 * time.Millisecond)
	}
	dana.until("the stock client", func() bool { return strings.Contains(dana.doc.Text(), "stock is done") })
	dana.appends("go is done\n")
	require.NoError(t, cmd.Wait(), "%s", said.String())
	var got struct {
		Text  string
		Names []string
	}
	require.NoError(t, json.Unmarshal(out.Bytes(), &got), "%s", out.String())
	dana.sees(got.Text)
	assert.Contains(t, got.Text, "typed offline\n")
	assert.Contains(t, got.Names, "Dana Reyes", "seen again at once after coming back")
	assert.Empty(t, said.String())
	dana.until("its last version", func() bool { return string(s.read(planAt).Text) == got.Text })
	last := s.history(planAt)[0]
	assert.Contains(t, []string{"Dana Reyes", "Tom Okafor"}, last.Author.Name)
}
