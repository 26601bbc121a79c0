package ui_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAssetsKeepForEver(t *testing.T) {
	assets, _ := templates(t)
	for _, name := range []string{"app.css", "app.js", "editor.js", "icons.svg", "favicon.svg", "fonts/inter-latin-opsz-normal.woff2"} {
		url := assets.URL(name)
		require.NotEmpty(t, url, name)
		get := func(coding string) *httptest.ResponseRecorder {
			r := httptest.NewRequest(http.MethodGet, url, nil)
			r.Header.Set("Accept-Encoding", coding)
			w := httptest.NewRecorder()
			assets.ServeHTTP(w, r)
			require.Equal(t, http.StatusOK, w.Code, name)
			assert.Contains(t, w.Header().Get("Cache-Control"), "immutable", name)
			assert.Equal(t, "nosniff", w.Header().Get("X-Content-Type-Options"), name)
			return w
		}
		plain := get("").Body.Bytes()
		if w := get("gzip, br"); w.Header().Get("Content-Encoding") == "br" {
			unpacked, err := io.ReadAll(brotli.NewReader(w.Body))
			require.NoError(t, err)
			assert.Equal(t, plain, unpacked, name)
		}
		if w := get("br;q=0, gzip"); w.Header().Get("Content-Encoding") != "" {
			require.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
			z, err := gzip.NewReader(w.Body)
			require.NoError(t, err)
			unpacked, err := io.ReadAll(z)
			require.NoError(t, err)
			assert.Equal(t, plain, unpacked, name)
		}
	}
}

func TestAssetsAnswerNothingElse(t *testing.T) {
	assets, _ := templates(t)
	for _, path := range []string{"/-/assets/", "/-/assets/app.css", "/-/assets/x/app.css", "/-/assets/../app.css"} {
		w := httptest.NewRecorder()
		assets.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		assert.Equal(t, http.StatusNotFound, w.Code, path)
	}
	w := httptest.NewRecorder()
	assets.ServeHTTP(w, httptest.NewRequest(http.MethodPost, assets.URL("app.js"), nil))
	assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
	assert.Empty(t, assets.URL("nothing"))
}

func TestStylesNameHashedFonts(t *testing.T) {
	assets, _ := templates(t)
	w := httptest.NewRecorder()
	assets.ServeHTTP(w, httptest.NewRequest(http.MethodGet, assets.URL("app.css"), nil))
	assert.NotContains(t, w.Body.String(), "../fonts/")
	for _, name := range assets.Names() {
		if strings.HasPrefix(name, "fonts/") {
			assert.True(t, bytes.Contains(w.Body.Bytes(), []byte(assets.URL(name))), name)
		}
	}
}

// The first view of a page stays far below 150 kB, without fonts.
func TestFirstViewIsSmall(t *testing.T) {
	assets, screens := templates(t)
	shared := assets.Size("app.css") + assets.Size("app.js") + assets.Size("icons.svg") + assets.Size("favicon.svg")
	for _, e := range examples() {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		_, err := z.Write(draw(t, screens, e))
		require.NoError(t, err)
		require.NoError(t, z.Close())
		assert.Less(t, shared+b.Len(), 60<<10, e.name)
	}
}
