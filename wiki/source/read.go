package source

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html/charset"
)

const (
	maxNesting = 100 // of elements of a feed
	maxColumns = 500
)

// Read takes the items out of an answer of a source. Whatever is in them is
// bounded and plain text; an answer that is not of the source's kind is an error
// that says so to people.
func (s *Source) Read(body []byte, contentType string, now time.Time) (_ []Found, err error) {
	defer func() {
		// The readers of formats are others'; what they cannot digest harms
		// nothing else.
		if p := recover(); p != nil {
			err = fmt.Errorf("cannot be read as %s", s.Kind)
		}
	}()
	var all []raw
	switch s.Kind {
	case JSON:
		all, err = readJSON(body, s.Fields)
	case CSV:
		all, err = readCSV(body, contentType, s.Fields)
	default:
		all, err = readFeed(body)
	}
	if err != nil {
		return nil, err
	}
	return settle(all, now), nil
}

func readFeed(body []byte) ([]raw, error) {
	body = bytes.TrimLeft(body, "\ufeff \t\r\n")
	if err := checkNesting(body); err != nil {
		return nil, err
	}
	feed, err := gofeed.NewParser().Parse(bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("is not a feed that can be read (RSS, Atom or JSON Feed)")
	}
	var all []raw
	for _, item := range feed.Items {
		if len(all) == maxRead {
			break
		}
		if item == nil {
			continue
		}
		r := raw{id: item.GUID, title: item.Title, link: item.Link, text: item.Description}
		if strings.TrimSpace(r.text) == "" {
			r.text = item.Content
		}
		switch {
		case item.PublishedParsed != nil:
			r.at = *item.PublishedParsed
		case item.UpdatedParsed != nil:
			r.at = *item.UpdatedParsed
		}
		all = append(all, r)
	}
	return all, nil
}

// checkNesting refuses feeds that nest so deep that reading them would, with the
// same reader that will read them.
func checkNesting(body []byte) error {
	if bytes.HasPrefix(body, []byte("{")) {
		return nil // JSON, whose reader has its own bound
	}
	dec := xml.NewDecoder(bytes.NewReader(body))
	dec.Strict = false
	dec.CharsetReader = charset.NewReaderLabel
	depth := 0
	for {
		tok, err := dec.Token()
		if err != nil {
			return nil // the end, or what the reader of feeds will tell
		}
		switch tok.(type) {
		case xml.StartElement:
			if depth++; depth > maxNesting {
				return fmt.Errorf("nests its elements deeper than %d", maxNesting)
			}
		case xml.EndElement:
			depth--
		}
	}
}

func readJSON(body []byte, fields Fields) ([]raw, error) {
	dec := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(body, []byte("\ufeff"))))
	dec.UseNumber()
	var root any
	if err := dec.Decode(&root); err != nil {
		return nil, errors.New("is not JSON that can be read")
	}
	list, ok := at(root, fields.Items).([]any)
	if !ok && fields.Items == "" {
		for _, usual := range []string{"items", "results", "data", "articles", "entries"} {
			if list, ok = at(root, usual).([]any); ok {
				break
			}
		}
	}
	if !ok {
		if fields.Items != "" {
			return nil, fmt.Errorf("has no list at %q", fields.Items)
		}
		return nil, errors.New("is no list of items; say by the setting items where it stands")
	}
	var all []raw
	for _, v := range list[:min(len(list), maxRead)] {
		get := func(path string, usual ...string) string {
			if path != "" {
				return text(at(v, path))
			}
			for _, name := range usual {
				if s := text(at(v, name)); s != "" {
					return s
				}
			}
			return ""
		}
		all = append(all, raw{id: get(fields.ID, "id", "guid"), title: get(fields.Title, "title", "name", "headline"), link: get(fields.Link, "link", "url"),
			text: get(fields.Text, "text", "summary", "description"), at: date(get(fields.Date, "date", "published", "published_at", "updated"))})
	}
	return all, nil
}

// at follows names joined by dots; numbers count in lists.
func at(v any, path string) any {
	if path == "" {
		return v
	}
	for name := range strings.SplitSeq(path, ".") {
		switch in := v.(type) {
		case map[string]any:
			v = in[name]
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(in) {
				return nil
			}
			v = in[i]
		default:
			return nil
		}
	}
	return v
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func readCSV(body []byte, contentType string, fields Fields) ([]raw, error) {
	if !utf8.Valid(body) {
		if r, err := charset.NewReader(bytes.NewReader(body), contentType); err == nil {
			if read, err := io.ReadAll(r); err == nil {
				body = read
			}
		}
	}
	body = bytes.TrimPrefix(body, []byte("\ufeff"))
	first, _, _ := bytes.Cut(body, []byte("\n"))
	r := csv.NewReader(bytes.NewReader(body))
	r.Comma = separator(first)
	r.LazyQuotes, r.FieldsPerRecord, r.ReuseRecord = true, -1, false
	head, err := r.Read()
	if err != nil || len(head) > maxColumns {
		return nil, errors.New("is not CSV that can be read; its first row names the columns")
	}
	columns := map[string]int{}
	for i, name := range head {
		name = strings.ToLower(strings.TrimSpace(name))
		if _, twice := columns[name]; !twice {
			columns[name] = i
		}
	}
	missing := ""
	column := func(name string, usual ...string) int {
		if name != "" {
			i, ok := columns[strings.ToLower(strings.TrimSpace(name))]
			if !ok {
				missing = name
				return -1
			}
			return i
		}
		for _, u := range usual {
			if i, ok := columns[u]; ok {
				return i
			}
		}
		return -1
	}
	id, title, link := column(fields.ID, "id", "guid"), column(fields.Title, "title", "name", "headline"), column(fields.Link, "link", "url")
	summary, when := column(fields.Text, "text", "summary", "description"), column(fields.Date, "date", "published", "updated")
	switch {
	case missing != "":
		return nil, fmt.Errorf("has no column %q", missing)
	case title < 0 && summary < 0:
		return nil, errors.New("has no column title; say by the settings which column is what")
	}
	var all []raw
	for len(all) < maxRead {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, errors.New("is not CSV that can be read")
		}
		get := func(i int) string {
			if i < 0 || i >= len(row) {
				return ""
			}
			return strings.TrimSpace(row[i])
		}
		all = append(all, raw{id: get(id), title: get(title), link: get(link), text: get(summary), at: date(get(when))})
	}
	return all, nil
}

// separator is what most likely parts the columns of a first row.
func separator(row []byte) rune {
	best, most := ',', bytes.Count(row, []byte(","))
	for _, r := range ";\t|" {
		if n := bytes.Count(row, []byte(string(r))); n > most {
			best, most = r, n
		}
	}
	return best
}

var dateForms = []string{time.RFC3339Nano, time.RFC3339, time.RFC1123Z, time.RFC1123, time.RFC822Z, time.RFC822, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02", "2 January 2006", "January 2, 2006", "02.01.2006"}

// date reads a day or time as sources write them, zero when it cannot. A number
// is seconds or milliseconds since 1970.
func date(s string) time.Time {
	if s = strings.TrimSpace(s); s == "" || len(s) > 60 {
		return time.Time{}
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n > 100_000_000 {
		if n > 100_000_000_000 {
			return time.UnixMilli(n).UTC()
		}
		return time.Unix(n, 0).UTC()
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC()
		}
	}
	return time.Time{}
}
