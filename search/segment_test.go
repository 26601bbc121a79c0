package search_test

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A page of many facts after a large page costs memory by what is in it, not by
// both together.
func TestMemoryOfManyFacts(t *testing.T) {
	src := newFake()
	var large, facts strings.Builder
	for i := range 60_000 {
		fmt.Fprintf(&large, "word%d ", i)
	}
	for i := range 1500 {
		fmt.Fprintf(&facts, "> [!decision] number %d ^d-%d\n\n", i, i)
	}
	src.commit("northwind/internal", map[string]string{"closing/large.md": large.String()})
	x := synced(t, src)
	src.commit("northwind/internal", map[string]string{"closing/large.md": large.String() + "more"})
	require.NoError(t, x.Sync(context.Background()))
	src.commit("northwind/internal", map[string]string{"closing/facts.md": facts.String()})
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	require.NoError(t, x.Sync(context.Background()))
	runtime.ReadMemStats(&after)
	assert.Less(t, (after.TotalAlloc-before.TotalAlloc)>>20, uint64(500), "megabytes asked for")
}
