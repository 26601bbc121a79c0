package search

import (
	"encoding/json"
	"fmt"
	"path"
	"sort"
	"strings"
	"time"

	"github.com/blevesearch/bleve/v2/document"
	index "github.com/blevesearch/bleve_index_api"

	"dealwiki/content"
	"dealwiki/search/extract"
)

// What of one entry is kept.
const (
	maxBody   = 1 << 20  // bytes that are indexed
	maxStored = 48 << 10 // bytes that fragments are taken from
	maxFacts  = 2000     // facts and actions of one page with entries of their own
)

// The types of entries.
const (
	typePage     = "page"
	typeFact     = "fact"
	typeFile     = "file"
	typeProspect = "prospect"
)

// The fields of an entry.
const (
	fieldData     = "data"     // what a hit shows; stored, not indexed
	fieldExact    = "exact"    // all words as written, with positions
	fieldTitle    = "title"    // words of the title, as written and stemmed
	fieldHead     = "head"     // words of the headings, as written and stemmed
	fieldPrefix   = "prefix"   // beginnings of the title's words
	fieldStem     = "stem_"    // + language: all words, stemmed
	fieldAccess   = "access"   // tokens one of which a caller must have
	fieldProspect = "prospect" // slug
	fieldFile     = "file"     // prospect/path, to find a file's entries again
	fieldType     = "type"
	fieldKind     = "kind"
	fieldStage    = "stage"
	fieldAuthor   = "author"
	fieldTag      = "tag"
	fieldHas      = "has"
	fieldState    = "state"   // open, closed
	fieldWhen     = "when"    // 20, 202, 2026, 2026-11 and 2026-11-02 of the last change
	fieldUpdated  = "updated" // the last change, to sort by
	fieldFacets   = "facets"  // stage, kind and authors in one value, to be counted together
)

// Ways to index. (Keywords keep their frequency, which is always one: without
// it Bleve's score of a keyword is no number.)
const (
	wordOptions    = index.IndexField
	phraseOptions  = index.IndexField | index.IncludeTermVectors
	keywordOptions = index.IndexField
	facetOptions   = keywordOptions | index.DocValues
)

// updatedLayout writes times so that they sort as text.
const updatedLayout = "20060102150405"

// entry is one thing that can be found.
type entry struct {
	id      string
	kind    string // page, file, prospect, action or a kind of fact
	typ     string
	head    string // headings
	body    string
	tags    []string
	has     []string
	lang    string
	noTitle bool // the title is shown and not searched: a file's later parts
	shown   shown
}

// shown is what is stored of an entry for its hit: as a line of JSON, and the
// body after it as it is.
type shown struct {
	Prospect string    `json:"p"`
	Deal     string    `json:"d,omitempty"` // the prospect's title
	Stage    string    `json:"s,omitempty"`
	Path     string    `json:"f,omitempty"`
	Title    string    `json:"t,omitempty"`
	Page     string    `json:"pt,omitempty"` // title of the page a fact stands on
	Label    string    `json:"l,omitempty"`
	Fact     string    `json:"i,omitempty"`
	Line     int       `json:"n,omitempty"`
	State    string    `json:"st,omitempty"`
	Status   string    `json:"ss,omitempty"`
	Owner    string    `json:"o,omitempty"`
	Due      string    `json:"du,omitempty"`
	Author   string    `json:"a,omitempty"`
	Authors  []string  `json:"as,omitempty"`
	Updated  time.Time `json:"u,omitzero"`
	Type     string    `json:"ty"`
	Kind     string    `json:"k"`
	Lang     string    `json:"la,omitempty"`
	Body     string    `json:"-"`
}

// document makes what Bleve indexes of an entry.
func (a *analyzers) document(e entry, access []string) (*document.Document, error) {
	s := e.shown
	e.body = normal(cutText(e.body, maxBody))
	s.Lang, s.Type, s.Kind = e.lang, e.typ, e.kind
	data, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("storing an entry: %w", err)
	}
	data = append(append(data, '\n'), cutText(e.body, maxStored)...)
	d := document.NewDocument(e.id)
	add := func(name, value string, o index.FieldIndexingOptions, an int) {
		if value == "" {
			return
		}
		f := document.NewTextFieldCustom(name, nil, []byte(value), o, a.keyword)
		switch an {
		case anExact:
			f = document.NewTextFieldCustom(name, nil, []byte(value), o, a.exact)
		case anPrefix:
			f = document.NewTextFieldCustom(name, nil, []byte(value), o, a.prefix)
		case anStem:
			f = document.NewTextFieldCustom(name, nil, []byte(value), o, a.stemmed[e.lang])
		case anTitle:
			f = document.NewTextFieldCustom(name, nil, []byte(value), o, a.titles[e.lang])
		}
		d.AddField(f)
	}
	keywords := func(name string, values []string, o index.FieldIndexingOptions) {
		seen := map[string]bool{}
		for _, v := range values {
			if v = strings.ToLower(normal(v)); v != "" && !seen[v] && len(seen) < 200 {
				seen[v] = true
				add(name, cutText(v, 256), o, anKeyword)
			}
		}
	}
	d.AddField(document.NewTextFieldCustom(fieldData, nil, data, index.StoreField, a.keyword))
	title := normal(s.Title)
	if e.noTitle {
		title = ""
	}
	all := joinLines(title, e.head, strings.Join(e.tags, "\n"), e.body)
	add(fieldExact, all, phraseOptions, anExact)
	add(fieldStem+e.lang, all, wordOptions, anStem)
	add(fieldTitle, title, wordOptions, anTitle)
	add(fieldHead, normal(e.head), wordOptions, anTitle)
	if e.typ != typeFact {
		add(fieldPrefix, title, wordOptions, anPrefix)
	}
	for _, t := range access {
		add(fieldAccess, t, keywordOptions, anKeyword)
	}
	add(fieldProspect, s.Prospect, facetOptions, anKeyword)
	add(fieldFile, s.Prospect+"/"+s.Path, keywordOptions, anKeyword)
	add(fieldType, e.typ, keywordOptions, anKeyword)
	add(fieldKind, e.kind, keywordOptions, anKeyword)
	add(fieldStage, s.Stage, keywordOptions, anKeyword)
	authors := append([]string{s.Author, s.Owner}, s.Authors...)
	keywords(fieldAuthor, authors, keywordOptions)
	add(fieldFacets, joinFacets(s.Stage, e.kind, authors), facetOptions, anKeyword)
	keywords(fieldTag, e.tags, keywordOptions)
	keywords(fieldHas, e.has, keywordOptions)
	add(fieldState, s.State, keywordOptions, anKeyword)
	if t := s.Updated.UTC(); !s.Updated.IsZero() && t.Year() > 0 && t.Year() < 10000 {
		add(fieldWhen, t.Format("2006")[:2], keywordOptions, anKeyword)
		add(fieldWhen, t.Format("2006")[:3], keywordOptions, anKeyword)
		add(fieldWhen, t.Format("2006"), keywordOptions, anKeyword)
		add(fieldWhen, t.Format("2006-01"), keywordOptions, anKeyword)
		add(fieldWhen, t.Format("2006-01-02"), keywordOptions, anKeyword)
		add(fieldUpdated, t.Format(updatedLayout), facetOptions, anKeyword)
	}
	return d, nil
}

// Looking up a value for each match is most of what facets cost, so the small
// ones are kept in one value. facetSep cannot be in any of them.
const (
	facetSep  = "\x1f"
	maxFacets = 32 // authors of one entry that are counted
)

func joinFacets(stage, kind string, authors []string) string {
	set := map[string]bool{}
	var list []string
	for _, a := range authors {
		if a = strings.ToLower(normal(a)); a != "" && !set[a] && len(list) < maxFacets && !strings.Contains(a, facetSep) {
			set[a] = true
			list = append(list, a)
		}
	}
	sort.Strings(list)
	return strings.Join(append([]string{stage, kind}, list...), facetSep)
}

// Which analyser a field takes.
const (
	anKeyword = iota
	anExact
	anPrefix
	anStem
	anTitle
)

// place tells what a path in a repository is: its stage, and whether it is a
// page or an attachment. Anything else is not searched.
func place(p string) (stage, typ string) {
	parts := strings.Split(p, "/")
	switch {
	case len(parts) == 2 && strings.HasSuffix(parts[1], ".md"):
		return parts[0], typePage
	case len(parts) == 3 && parts[1] == "files":
		return parts[0], typeFile
	}
	return "", ""
}

// entryID names an entry; it is unique over both indexes.
func entryID(id SideID, p, sub string) string {
	return id.Section + "/" + id.Prospect + "/" + p + sub
}

// pageEntries makes the entries of a page: itself, and one for every fact and
// action on it.
func pageEntries(det *detector, id SideID, deal, p string, src []byte, m Meta) []entry {
	doc := content.Parse(src)
	stage, _ := place(p)
	front := doc.Front()
	title := doc.Title()
	if title == "" {
		title = titleOf(strings.TrimSuffix(path.Base(p), ".md"))
	}
	text := doc.Text()
	named, _ := front.Values["lang"].(string)
	lang := det.detect(named, text)
	base := shown{Prospect: id.Prospect, Deal: deal, Stage: stage, Path: p, Author: m.Author, Authors: m.Authors, Updated: m.Updated}

	page := entry{id: entryID(id, p, ""), typ: typePage, kind: typePage, body: text, tags: front.Tags, lang: lang, shown: base}
	page.shown.Title = title
	var heads []string
	for _, h := range doc.Outline() {
		heads = append(heads, h.Text)
	}
	page.head = strings.Join(heads, "\n")
	for _, l := range doc.Links() {
		if dest := strings.TrimPrefix(l.Dest, "./"); strings.HasPrefix(dest, "files/") || strings.Contains(dest, "/files/") && !strings.Contains(dest, "://") {
			page.has = append(page.has, "attachment")
			break
		}
	}
	out := []entry{page}
	used := map[string]bool{}
	add := func(kind, key string, line int, title, body, owner, status, due string, open bool) {
		if len(out) > maxFacts {
			return
		}
		if key == "" || used[key] {
			key = fmt.Sprintf("line-%d", line)
		}
		used[key] = true
		e := entry{id: entryID(id, p, "#"+key), typ: typeFact, kind: kind, body: body, lang: lang, shown: base}
		e.shown.Title, e.shown.Page, e.shown.Line = title, page.shown.Title, line
		e.shown.Owner, e.shown.Status, e.shown.Due = owner, status, due
		e.shown.State = "closed"
		if open {
			e.shown.State = "open"
		}
		if !strings.HasPrefix(key, "line-") {
			e.shown.Fact = key
		}
		out = append(out, e)
	}
	for _, f := range doc.Facts() {
		page.has = append(page.has, "fact", f.Kind)
		add(f.Kind, f.ID, f.Line, f.Title, f.Body, f.Owner, f.Status, f.Due, f.Open())
	}
	for _, t := range doc.Actions() {
		page.has = append(page.has, "action")
		status := ""
		if t.Done {
			status = "done"
		}
		add("action", t.ID, t.Line, t.Text, "", t.Owner, status, t.Due, !t.Done)
	}
	out[0].has = page.has
	return out
}

// fileEntries makes the entries of an attachment: one for each part of its
// text, at least one for its name.
func fileEntries(det *detector, id SideID, deal, p string, parts []extract.Part, m Meta) []entry {
	stage, _ := place(p)
	base := shown{Prospect: id.Prospect, Deal: deal, Stage: stage, Path: p, Title: path.Base(p), Author: m.Author, Authors: m.Authors, Updated: m.Updated}
	if len(parts) == 0 {
		parts = []extract.Part{{}}
	}
	lang := det.detect("", parts[0].Text)
	var out []entry
	for i, part := range parts {
		e := entry{id: entryID(id, p, ""), typ: typeFile, kind: typeFile, body: part.Text, lang: lang, shown: base}
		e.shown.Label = part.Label
		if i == 0 {
			// The name as it is, and as the words it is made of.
			e.head = words(strings.TrimSuffix(base.Title, path.Ext(base.Title)))
		} else {
			e.id = entryID(id, p, fmt.Sprintf("#part-%d", i+1))
			e.noTitle = true
		}
		out = append(out, e)
	}
	return out
}

// prospectEntry makes the entry of a prospect itself.
func prospectEntry(id SideID, deal string) entry {
	return entry{id: entryID(id, "", ""), typ: typeProspect, kind: typeProspect, lang: languages[0].code, body: words(id.Prospect), shown: shown{Prospect: id.Prospect, Deal: deal, Title: deal}}
}

// titleOf makes a title of a slug.
func titleOf(slug string) string {
	s := words(slug)
	if s == "" {
		return slug
	}
	r := []rune(s)
	return strings.ToUpper(string(r[0])) + string(r[1:])
}

// words sets the words of a name apart.
func words(name string) string {
	return strings.Join(strings.FieldsFunc(normal(name), func(r rune) bool { return r == '-' || r == '_' || r == '.' || r == ' ' }), " ")
}

func joinLines(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		if p != "" {
			if b.Len() > 0 {
				b.WriteString("\n")
			}
			b.WriteString(p)
		}
	}
	return b.String()
}

// cutText shortens s to n bytes at most, at the end of a rune.
func cutText(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xc0 == 0x80 {
		n--
	}
	return s[:n]
}
