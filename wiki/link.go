package wiki

import (
	"net/url"
	"path"
	"strings"
)

// JoinLink resolves the relative destination of a link on the page at the
// repository path from to a repository path, without query and fragment. It
// answers "" for what does not stay inside the repository.
func JoinLink(from, dest string) string {
	u, err := url.Parse(dest)
	if err != nil || u.IsAbs() || u.Host != "" || u.Path == "" || strings.HasPrefix(u.Path, "/") {
		return ""
	}
	p := path.Join(path.Dir(from), u.Path)
	if p == ".." || strings.HasPrefix(p, "../") {
		return ""
	}
	return p
}
