package content

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRewriteLinks(t *testing.T) {
	to := func(dest string) string {
		if dest == "files/a.png" {
			return "../pricing/files/a.png"
		}
		return dest
	}
	for _, c := range []struct{ name, in, want string }{
		{"image", "x ![a](files/a.png) y\r\n", "x ![a](../pricing/files/a.png) y\r\n"},
		{"title", `[a](files/a.png "t")`, `[a](../pricing/files/a.png "t")`},
		{"twice on a line", "[a](files/a.png) [b](files/a.png)", "[a](../pricing/files/a.png) [b](../pricing/files/a.png)"},
		{"brackets", "[a](<files/a.png>)", "[a](<../pricing/files/a.png>)"},
		{"reference", "[a][r]\n\n[r]: files/a.png\n", "[a][r]\n\n[r]: ../pricing/files/a.png\n"},
		{"longer name", "[a](files/a.png.txt)", "[a](files/a.png.txt)"},
		{"code", "`[a](files/a.png)`", "`[a](files/a.png)`"},
		{"address", "[a](https://example.com/files/a.png)", "[a](https://example.com/files/a.png)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			src := []byte(c.in)
			assert.Equal(t, c.want, string(RewriteLinks(src, Parse(src), to)))
		})
	}
}
