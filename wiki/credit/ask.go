package credit

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
)

// Questions is the page of a deal that questions are put on when nobody says
// where.
var Questions = wiki.Place{Section: wiki.Internal, Stage: wiki.StageAccount, Page: "questions"}

// maxQuestion is how long a question may be, in letters.
const maxQuestion = 2000

// Ask puts a question to somebody on a page of a deal, as a fact that names
// them: its answer stays there. The page is made when it is missing.
func (b *Book) Ask(ctx context.Context, caller people.Caller, sp *wiki.Space, place wiki.Place, to people.Person, question string) (*wiki.Edited, error) {
	lines := strings.FieldsFunc(question, func(r rune) bool { return r == '\n' || r == '\r' })
	for i := range lines {
		lines[i] = strings.Join(strings.Fields(lines[i]), " ")
	}
	lines = clean(lines)
	asked := people.Caller{Person: to, Scopes: people.AllScopes}
	switch {
	case len(lines) == 0:
		return nil, &wiki.Invalid{Field: "question", Problem: "is empty; say what you would like to know"}
	case utf8.RuneCountInString(question) > maxQuestion || strings.ContainsRune(question, 0):
		return nil, &wiki.Invalid{Field: "question", Problem: "is too long; ask in a few lines and put the rest on a page"}
	case to.Guest || to.Disabled || b.people.LevelOn(ctx, asked, sp.Prospect()) < people.Viewer:
		return nil, &wiki.Invalid{Field: "prospect", Problem: "is not open to " + to.Name + "; choose another deal, or have them added to it"}
	}
	side, err := sp.Side(place.Section)
	if err != nil {
		return nil, err
	}
	edit := wiki.Edit{Place: place, Message: "Ask " + to.Name + ": " + shorten(lines[0])}
	page, err := side.Read(ctx, caller, place)
	switch {
	case errors.Is(err, wiki.ErrNotFound):
		edit.Text = []byte("# Questions\n")
	case err != nil:
		return nil, err
	default:
		edit.Text, edit.Base = page.Text, page.Version
	}
	var s strings.Builder
	if n := len(edit.Text); n > 0 && edit.Text[n-1] != '\n' {
		s.WriteByte('\n')
	}
	s.WriteString("\n> [!question] " + lines[0] + " @" + to.Handle + "\n")
	for _, line := range lines[1:] {
		s.WriteString("> " + line + "\n")
	}
	edit.Text = append(edit.Text[:len(edit.Text):len(edit.Text)], s.String()...)
	return side.Edit(ctx, caller, edit)
}

func clean(lines []string) []string {
	var out []string
	for _, l := range lines {
		if l != "" {
			out = append(out, l)
		}
	}
	return out
}

func shorten(s string) string {
	const most = 60
	if r := []rune(s); len(r) > most {
		return string(r[:most-1]) + "…"
	}
	return s
}
