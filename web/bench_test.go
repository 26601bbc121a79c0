package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkPageView reads one page of a prospect of some size again and again,
// through every check and with its rendering cached.
func BenchmarkPageView(b *testing.B) {
	s := newSite(b)
	for i := range 30 {
		s.write("northwind", "internal/closing/note-"+string(rune('a'+i%26))+string(rune('a'+i/26)), "# Note\n\nSome text here.\n")
	}
	s.write("northwind", "internal/closing/long", "# Long page\n\n"+strings.Repeat("## Heading\n\nA paragraph of *ordinary* text with a [[closing/terms]] link and a list:\n\n- one\n- two\n- three\n\n", 40))
	browser := s.signedIn(s.dana)
	handler := s.web.Handler()
	request := func() *http.Request {
		r := httptest.NewRequest(http.MethodGet, "/p/northwind/internal/closing/long", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		for _, c := range browser.jar {
			r.AddCookie(c)
		}
		return r
	}
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, request())
	require.Equal(b, http.StatusOK, w.Code)
	b.SetBytes(int64(w.Body.Len()))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, request())
			if w.Code != http.StatusOK {
				b.Error(w.Code)
				return
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "views/s")
}
