package web

import (
	"context"
	"net/http"
	"time"

	"dealwiki/content"
	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/repo"
)

// apiVersion is one version of a page.
type apiVersion struct {
	Version string      `json:"version"`
	Number  int         `json:"number"`
	Place   string      `json:"place" doc:"Where the page was then"`
	Author  APIPerson   `json:"author"`
	With    []APIPerson `json:"co_authors"`
	Message string      `json:"message"`
	Time    time.Time   `json:"time"`
	Added   int         `json:"added" doc:"Lines"`
	Removed int         `json:"removed" doc:"Lines"`
	Deleted bool        `json:"deleted,omitempty"`
	Pushed  *APIPerson  `json:"pushed_by,omitempty" doc:"Who pushed it by git; absent for what was made here"`
}

func (a *api) version(ctx context.Context, section wiki.Section, v repo.Version) apiVersion {
	out := apiVersion{Version: v.Commit.String(), Number: v.Number, Place: string(section) + "/" + v.Path, Author: a.author(ctx, v.Author), With: []APIPerson{},
		Message: v.Subject, Time: v.When, Added: v.Added, Removed: v.Removed, Deleted: v.Deleted}
	if place, ok := wiki.PlaceOf(section, v.Path); ok {
		out.Place = place.String()
	}
	for _, p := range v.CoAuthors {
		out.With = append(out.With, a.author(ctx, p))
	}
	return out
}

type historyInput struct {
	PlaceInput
	Cursor string `query:"cursor" maxLength:"40"`
	Limit  int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

type compareInput struct {
	PlaceInput
	From    string `query:"from" required:"true" maxLength:"40"`
	To      string `query:"to" required:"true" maxLength:"40"`
	Context int    `query:"context" minimum:"0" maximum:"1000" default:"3" doc:"Lines around each change"`
}

type restoreInput struct {
	PlaceInput
	Body struct {
		Version string `json:"version" maxLength:"40"`
	}
}

type apiHunk struct {
	From    int           `json:"from" doc:"First line before"`
	To      int           `json:"to" doc:"First line after"`
	Heading string        `json:"heading,omitempty"`
	Lines   []apiDiffLine `json:"lines"`
}

type apiDiffLine struct {
	Kind  string        `json:"kind" enum:"equal,insert,delete"`
	Text  string        `json:"text"`
	Spans []apiDiffSpan `json:"spans,omitempty" doc:"Changed words; joined they are the text"`
}

type apiDiffSpan struct {
	Kind string `json:"kind" enum:"equal,insert,delete"`
	Text string `json:"text"`
}

type apiBlameLine struct {
	Line    int       `json:"line"`
	Text    string    `json:"text"`
	Person  APIPerson `json:"person"`
	Version string    `json:"version"`
	Time    time.Time `json:"time"`
}

// versions cuts a list of versions of a side that was read with one item too
// many.
func (a *api) versions(ctx context.Context, c people.Caller, sd *wiki.Side, all []repo.Version, limit int) (*listOutput[apiVersion], error) {
	pushers, err := sd.Pushers(ctx, c, all)
	if err != nil {
		return nil, err
	}
	out := &listOutput[apiVersion]{Body: Listing[apiVersion]{Items: []apiVersion{}}}
	for i, v := range all {
		if i == limit {
			next := all[i-1].Commit.String()
			out.Body.Next = &next
			break
		}
		one := a.version(ctx, sd.Section(), v)
		if p, err := a.s.people.Get(ctx, pushers[v.Commit]); err == nil {
			by := personOf(p)
			one.Pushed = &by
		}
		out.Body.Items = append(out.Body.Items, one)
	}
	return out, nil
}

func cursorVersion(s string) (repo.Hash, error) {
	if s == "" {
		return repo.Zero, nil
	}
	h, err := repo.ParseHash(s)
	if err != nil {
		return h, errCursor
	}
	return h, nil
}

func (a *api) installHistory() {
	register(a, op("page-history", http.MethodGet, apiPagePath+"/history", "A page's versions, the newest first, over all names it had"), a.pageHistory)
	register(a, op("list-changes", http.MethodGet, "/prospects/{prospect}/changes", "The newest changes of one side"), a.listChanges)
	register(a, op("page-blame", http.MethodGet, apiPagePath+"/blame", "Who wrote each line"), a.pageBlame)
	register(a, op("page-compare", http.MethodGet, apiPagePath+"/compare", "What changed between two versions"), a.pageCompare)
	register(a, op("restore-page", http.MethodPost, apiPagePath+"/restore", "Make an earlier version the newest"), a.restorePage)
}

func (a *api) pageHistory(ctx context.Context, c people.Caller, in *historyInput) (*listOutput[apiVersion], error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	below, err := cursorVersion(in.Cursor)
	if err != nil {
		return nil, err
	}
	if !below.IsZero() {
		if _, err := sd.Version(ctx, c, in.place(), below); err != nil {
			return nil, errCursor
		}
	}
	all, err := sd.History(ctx, c, in.place(), in.Limit+1, below)
	if err != nil {
		return nil, err
	}
	return a.versions(ctx, c, sd, all, in.Limit)
}

type changesInput struct {
	ProspectInput
	Section string `query:"section" enum:"internal,external" default:"internal"`
	Limit   int    `query:"limit" minimum:"1" maximum:"500" default:"100"`
}

func (a *api) listChanges(ctx context.Context, c people.Caller, in *changesInput) (*listOutput[apiVersion], error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	all, err := sd.Recent(ctx, c, in.Limit, repo.Zero)
	if err != nil {
		return nil, err
	}
	return a.versions(ctx, c, sd, all, in.Limit)
}

type blameOutput struct {
	Body struct {
		Version string         `json:"version"`
		Lines   []apiBlameLine `json:"lines"`
	}
}

func (a *api) pageBlame(ctx context.Context, c people.Caller, in *PlaceInput) (*blameOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	lines, page, err := sd.Blame(ctx, c, in.place())
	if err != nil {
		return nil, err
	}
	out := &blameOutput{}
	out.Body.Version, out.Body.Lines = page.Version.String(), []apiBlameLine{}
	texts := content.SplitLines(page.Text)
	for i, l := range lines {
		if i >= len(texts) {
			break
		}
		out.Body.Lines = append(out.Body.Lines, apiBlameLine{i + 1, string(texts[i]), a.author(ctx, l.Author), l.Commit.String(), l.When})
	}
	return out, nil
}

type compareOutput struct {
	Body struct {
		From  apiVersion `json:"from"`
		To    apiVersion `json:"to"`
		Hunks []apiHunk  `json:"hunks"`
	}
}

func (a *api) pageCompare(ctx context.Context, c people.Caller, in *compareInput) (*compareOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	from, err := parseVersion(in.From)
	if err != nil {
		return nil, err
	}
	to, err := parseVersion(in.To)
	if err != nil {
		return nil, err
	}
	hunks, _, _, err := sd.Compare(ctx, c, in.place(), from, to, in.Context)
	if err != nil {
		return nil, err
	}
	out := &compareOutput{}
	for _, v := range []struct {
		at repo.Hash
		to *apiVersion
	}{{from, &out.Body.From}, {to, &out.Body.To}} {
		version, err := sd.Version(ctx, c, in.place(), v.at)
		if err != nil {
			return nil, err
		}
		*v.to = a.version(ctx, sd.Section(), version)
	}
	out.Body.Hunks = apiHunks(hunks)
	return out, nil
}

func (a *api) restorePage(ctx context.Context, c people.Caller, in *restoreInput) (*pageOutput, error) {
	sd, err := a.side(ctx, c, in.Prospect, in.Section)
	if err != nil {
		return nil, err
	}
	at, err := parseVersion(in.Body.Version)
	if err != nil {
		return nil, err
	}
	done, err := sd.Restore(ctx, c, in.place(), at)
	if err != nil {
		return nil, err
	}
	return a.page(ctx, &done.Page, done.Overlaps), nil
}

// apiHunks are hunks for programs.
func apiHunks(hunks []content.Hunk) []apiHunk {
	out := []apiHunk{}
	for _, h := range hunks {
		hunk := apiHunk{From: h.A, To: h.B, Heading: h.Heading, Lines: []apiDiffLine{}}
		for _, l := range h.Lines {
			line := apiDiffLine{Kind: l.Kind.String(), Text: l.Text}
			for _, s := range l.Spans {
				line.Spans = append(line.Spans, apiDiffSpan{s.Kind.String(), s.Text})
			}
			hunk.Lines = append(hunk.Lines, line)
		}
		out = append(out, hunk)
	}
	return out
}
