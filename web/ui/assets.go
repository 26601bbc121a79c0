package ui

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/andybalholm/brotli"
)

//go:embed dist fonts/*.woff2 icons/icons.svg icons/favicon.svg
var files embed.FS

// AssetPath is where Assets expects to be mounted.
const AssetPath = "/-/assets/"

// Assets are the files a page refers to. An asset is named by its file:
// "app.css", "app.js", "editor.js", "icons.svg", "favicon.svg",
// "fonts/NAME.woff2".
type Assets struct {
	urls   map[string]string
	byPath map[string]asset // by URL
}

type asset struct {
	mediaType string
	plain     []byte
	tag       string
	// Compressed when first asked for, once; nil when that does not pay.
	brotli, gzip func() []byte
}

// NewAssets hashes the embedded files.
func NewAssets() (*Assets, error) {
	a := &Assets{urls: map[string]string{}, byPath: map[string]asset{}}
	// Styles come last: they name the hashed addresses of the fonts.
	for _, dir := range []string{"fonts", "icons", "dist"} {
		entries, err := fs.ReadDir(files, dir)
		if err != nil {
			return nil, fmt.Errorf("reading assets: %w", err)
		}
		for _, e := range entries {
			data, err := fs.ReadFile(files, path.Join(dir, e.Name()))
			if err != nil {
				return nil, fmt.Errorf("reading assets: %w", err)
			}
			name := e.Name()
			if dir == "fonts" {
				name = "fonts/" + name
			}
			if path.Ext(name) == ".css" {
				data = a.withFonts(data)
			}
			a.add(name, data)
		}
	}
	return a, nil
}

// withFonts replaces the relative font addresses of the style sheet.
func (a *Assets) withFonts(css []byte) []byte {
	for name, url := range a.urls {
		if strings.HasPrefix(name, "fonts/") {
			css = bytes.ReplaceAll(css, []byte("../"+name), []byte(url))
		}
	}
	return css
}

func (a *Assets) add(name string, data []byte) {
	sum := sha256.Sum256(data)
	tag := base64.RawURLEncoding.EncodeToString(sum[:9])
	f := asset{mediaType: mediaType(name), plain: data, tag: `"` + tag + `"`}
	if path.Ext(name) != ".woff2" {
		f.brotli = sync.OnceValue(func() []byte {
			return smaller(data, func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, 9) })
		})
		f.gzip = sync.OnceValue(func() []byte {
			return smaller(data, func(w io.Writer) io.WriteCloser {
				z, _ := gzip.NewWriterLevel(w, gzip.BestCompression) // the level is a valid one
				return z
			})
		})
	}
	url := AssetPath + tag + "/" + name
	a.urls[name] = url
	a.byPath[url] = f
}

// smaller compresses data; nil when that does not make less of it.
func smaller(data []byte, writer func(io.Writer) io.WriteCloser) []byte {
	var b bytes.Buffer
	w := writer(&b)
	_, err := w.Write(data)
	if errors.Join(err, w.Close()) != nil || b.Len() >= len(data) {
		return nil
	}
	return b.Bytes()
}

func mediaType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".woff2":
		return "font/woff2"
	}
	return "application/octet-stream"
}

// URL is the address of the named asset, "" when there is none of that name.
func (a *Assets) URL(name string) string { return a.urls[name] }

// Names are all assets in alphabetical order.
func (a *Assets) Names() []string { return slices.Sorted(maps.Keys(a.urls)) }

// Size is how many bytes a browser that takes brotli is sent for the asset.
func (a *Assets) Size(name string) int {
	f := a.byPath[a.urls[name]]
	if f.brotli != nil {
		if small := f.brotli(); small != nil {
			return len(small)
		}
	}
	return len(f.plain)
}

// ServeHTTP answers GET and HEAD for the addresses that URL gives, and 404 for
// all else.
func (a *Assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f, ok := a.byPath[r.URL.Path]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Content-Type", f.mediaType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("ETag", f.tag)
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		h.Set("Allow", "GET, HEAD")
		h.Del("Cache-Control")
		http.Error(w, "Use GET.", http.StatusMethodNotAllowed)
		return
	}
	body := f.plain
	if f.brotli != nil {
		h.Set("Vary", "Accept-Encoding")
		coding, small := "", []byte(nil)
		switch accepts := r.Header.Get("Accept-Encoding"); {
		case acceptsCoding(accepts, "br"):
			coding, small = "br", f.brotli()
		case acceptsCoding(accepts, "gzip"):
			coding, small = "gzip", f.gzip()
		}
		if small != nil {
			h.Set("Content-Encoding", coding)
			body = small
		}
	}
	if r.Header.Get("If-None-Match") == f.tag {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	// The reader going away is the only way this fails.
	_, _ = w.Write(body)
}

// acceptsCoding reads an Accept-Encoding header; a coding with q=0 is refused.
func acceptsCoding(header, coding string) bool {
	for part := range strings.SplitSeq(header, ",") {
		name, params, _ := strings.Cut(part, ";")
		if !strings.EqualFold(strings.TrimSpace(name), coding) {
			continue
		}
		q, found := strings.CutPrefix(strings.TrimSpace(params), "q=")
		if !found {
			return true
		}
		weight, err := strconv.ParseFloat(q, 64)
		return err == nil && weight > 0
	}
	return false
}
