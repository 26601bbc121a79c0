package wiki_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
)

func TestDamagedDerivedTablesAreMadeAnew(t *testing.T) {
	ctx := context.Background()
	noise := bytes.Repeat([]byte{0x5a}, 1<<20)
	for name, damage := range map[string]func(data []byte) []byte{
		"no database": func(data []byte) []byte { return noise[:len(data)] },
		"torn":        func(data []byte) []byte { return data[:len(data)/2/4096*4096] },
		"cut short":   func(data []byte) []byte { return data[:50] },
		"schema gone": func(data []byte) []byte { copy(data[100:4096], noise); return data },
		"a rotten page": func(data []byte) []byte {
			at := len(data) / 2 / 4096 * 4096
			copy(data[at:at+4096], noise)
			return data
		},
		"renamed column": func(data []byte) []byte {
			return bytes.Replace(data, []byte("row BLOB NOT NULL"), []byte("rox BLOB NOT NULL"), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			in := s.prospect("Northwind Rail").Internal()
			for i := range 20 {
				s.write(in, s.dana, fmt.Sprintf("internal/closing/page-%d", i), fmt.Sprintf("# Page %d\n\n%s\n", i, strings.Repeat("text ", 100)))
			}
			done := s.write(in, s.dana, "internal/closing/x", "# X\n")
			s.close()
			file := filepath.Join(s.dir, "derived.db")
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(file, damage(data), 0o600))
			s.open()
			require.Eventually(t, s.Verified, 10*time.Second, time.Millisecond)
			e, err := s.Prospect(ctx, s.dana, "northwind-rail")
			require.NoError(t, err)
			assert.Equal(t, "Northwind Rail", e.Title)
			sp, err := s.Space(ctx, s.dana, "northwind-rail")
			require.NoError(t, err)
			page, err := sp.Internal().Read(ctx, s.dana, place("internal/closing/x"))
			require.NoError(t, err)
			assert.Equal(t, done.Version, page.Version)
			_, err = sp.Internal().Edit(ctx, s.dana, wiki.Edit{Place: place("internal/closing/x"), Base: page.Version, Text: []byte("# X\n\nmore\n")})
			require.NoError(t, err)
		})
	}
}
