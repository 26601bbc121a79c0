package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// keys are everybody's tokens of one scope.
type keys struct {
	w     *wall
	scope people.Scope
	known map[*wallCaller]string
}

func (w *wall) keys(scope people.Scope) *keys {
	return &keys{w, scope, map[*wallCaller]string{}}
}

// of is somebody's token.
func (k *keys) of(c *wallCaller) string {
	w := k.w
	w.t.Helper()
	if secret, ok := k.known[c]; ok {
		return secret
	}
	secret, _, err := w.people.NewToken(context.Background(), people.System("test"), c.caller.Person.ID, "wall", k.scope, time.Time{})
	require.NoError(w.t, err)
	k.known[c] = secret
	return secret
}

// gits comes to git's door with everybody's tokens, and answers where somebody is
// told something else than who may do what says, a line each. The wall has no
// git: whoever may come in is told so.
func (w *wall) gits(tokens *keys, cloning bool) []string {
	var out []string
	ask := func(secret, path string) answer {
		b := w.browser()
		r := b.request(http.MethodGet, path, nil)
		if secret != "" {
			r.SetBasicAuth("anybody", secret)
		}
		return b.do(r)
	}
	nobody, nothing := "", ""
	for _, prospect := range []string{"northwind", "secretco", "harbour", "not-there"} {
		for _, section := range []string{"internal", "external", "other"} {
			for _, service := range []string{"git-upload-pack", "git-receive-pack"} {
				path := "/git/" + prospect + "/" + section + ".git/info/refs?service=" + service
				check := func(name, secret string, want int) {
					a := ask(secret, path)
					if a.status != want {
						out = append(out, fmt.Sprintf("%s, %s: %d, not %d", path, name, a.status, want))
					}
					got := bare(a, prospect)
					switch {
					case want == http.StatusUnauthorized && nobody == "":
						nobody = got
					case want == http.StatusNotFound && nothing == "":
						nothing = got
					case want == http.StatusUnauthorized && got != nobody, want == http.StatusNotFound && got != nothing:
						out = append(out, fmt.Sprintf("%s, %s: another %d than elsewhere", path, name, want))
					}
				}
				check("nobody", "", http.StatusUnauthorized)
				for _, c := range w.callers {
					switch {
					case c.nobody:
						continue
					case c.token != "":
						if c.scopes&people.Git == 0 {
							check(c.name, c.token, http.StatusNotFound)
						}
						continue
					case c.name == "guest who is disabled":
						continue // has no tokens
					}
					level, reads := people.None, false
					switch {
					case section == "other", prospect == "not-there":
					case c.guest:
						reads = section == "external" && cloning && (prospect == "northwind" && c.shared >= people.Viewer)
					case prospect == "northwind":
						level = c.open
					case prospect == "secretco":
						level = c.restricted
					default:
						if level = people.Editor; c.name == "owner" {
							level = people.Owner
						}
					}
					want := http.StatusNotFound
					switch push := service == "git-receive-pack"; {
					case reads && !push, level >= people.Editor, level >= people.Viewer && !push:
						want = http.StatusNotImplemented
					case level >= people.Viewer:
						want = http.StatusForbidden
					}
					check(c.name, tokens.of(c), want)
				}
			}
		}
	}
	return out
}

// feeds reads every feed with everybody's tokens.
func (w *wall) feeds() []string {
	var out []string
	tokens := w.keys(people.Feed)
	for _, file := range []string{"northwind", "secretco", "harbour", "not-there", "all", "search"} {
		for _, home := range []string{"/feeds/", "/feeds/shared/"} {
			for _, c := range w.callers {
				if c.nobody || c.name == "guest who is disabled" {
					continue
				}
				secret := c.token
				if secret == "" {
					secret = tokens.of(c)
				}
				may := c.token == "" || c.scopes&people.Feed != 0
				name := c.name
				if may && c.token != "" {
					name = "owner"
				}
				sees := !c.guest && (file == "northwind" || file == "harbour" || file == "secretco" && name == "owner")
				if home == "/feeds/shared/" {
					sees = sees || c.guest && file == "northwind" && c.shared >= people.Viewer || c.name == "guest of another" && file == "harbour"
				} else {
					sees = sees || !c.guest && (file == "all" || file == "search")
				}
				want := http.StatusNotFound
				switch {
				case !may, c.guest && home == "/feeds/":
					want = http.StatusUnauthorized
				case sees:
					want = http.StatusOK
				}
				path := home + file + ".atom?token=" + secret
				if file == "search" {
					path += "&q=terms"
				}
				a := w.browser().get(path)
				if a.status != want {
					out = append(out, fmt.Sprintf("%s%s.atom, %s: %d, not %d", home, file, c.name, a.status, want))
				}
				if c.guest && c.name != "guest of another" && strings.Contains(a.body, canary) || name != "owner" && strings.Contains(a.body, "secretco") {
					out = append(out, fmt.Sprintf("%s%s.atom, %s: tells what is not theirs", home, file, c.name))
				}
			}
		}
	}
	return out
}

// crossings has everybody but the owner share and take back a page.
func (w *wall) crossings() []string {
	var out []string
	for _, c := range w.callers {
		if c.nobody || c.open >= people.Owner {
			continue
		}
		sp, err := w.wiki.Space(context.Background(), people.System("test"), "northwind")
		require.NoError(w.t, err)
		for from, to := range map[string]string{closePlanAt: "external/closing/close-plan", "external/closing/terms": "internal/closing/terms"} {
			_, err = sp.Cross(context.Background(), c.caller, place(w.t, from), place(w.t, to), "")
			if !errors.Is(err, people.ErrForbidden) && !errors.Is(err, wiki.ErrNotFound) {
				out = append(out, fmt.Sprintf("%s would take %s through the wall: %v", c.name, from, err))
			}
		}
	}
	return out
}

// otherDoors are the doors of git and feeds, and the one in the wall itself.
func (w *wall) otherDoors() []string {
	tokens := w.keys(people.Git)
	ctx, dana := context.Background(), w.as(w.dana)
	out := w.gits(tokens, false)
	require.NoError(w.t, w.people.SetGuestsMayClone(ctx, dana, "northwind", true))
	out = append(out, w.gits(tokens, true)...)
	require.NoError(w.t, w.people.SetGuestsMayClone(ctx, dana, "northwind", false))
	return slices.Concat(out, w.feeds(), w.crossings())
}

// TestGitFeedsAndTheWallItself: git's door answers one 401 and one 404, feeds
// open by their tokens alone, and nobody but the owner shares.
func TestGitFeedsAndTheWallItself(t *testing.T) {
	w := newWall(t)
	for _, line := range w.otherDoors() {
		t.Error(line)
	}
}
