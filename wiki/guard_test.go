package wiki_test

import (
	"bytes"
	"errors"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
)

func TestGuard(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewTextHandler(&out, nil))
	own := errors.New("own")
	require.ErrorIs(t, wiki.Guard(log, "round", func() error { return own }), own)
	require.NoError(t, wiki.Guard(log, "round", func() error { return nil }))
	assert.Empty(t, out.String())
	var none *wiki.Page
	require.ErrorIs(t, wiki.Guard(log, "counting pages", func() error { none.Number++; return nil }), wiki.ErrPanic)
	assert.Contains(t, out.String(), "counting pages")
	assert.Contains(t, out.String(), "guard_test.go", "the stack says where")
}
