package source

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"dealwiki/wiki/maillog"
)

// Limits of what is taken from one answer.
const (
	maxRead   = 100_000 // items or rows read
	maxLooked = 1000    // different ones looked at, the newest
	maxItems  = 100     // items taken of those
	maxTitle  = 200     // characters
	maxText   = 1200    // characters
	maxLink   = 2000    // bytes
)

// Found is an item as a source tells it: plain text, bounded.
type Found struct {
	Key   string // made of what the source knows it by
	Title string
	Link  string // a web address, or ""
	Text  string
	At    time.Time // zero when the source does not say, or cannot mean it
}

// raw is an item as it was read.
type raw struct {
	id, title, link, text string
	at                    time.Time
}

// settle makes items of what was read: the newest, each once, as plain text.
func settle(all []raw, now time.Time) []Found {
	for i := range all {
		if at := all[i].at; at.Year() < 1990 || at.After(now.Add(48*time.Hour)) {
			all[i].at = time.Time{}
		}
	}
	// What has no date stands where the source has put it, after what has.
	slices.SortStableFunc(all, func(a, b raw) int { return b.at.Compare(a.at) })
	// Ids given to several items tell nothing apart: the rest of the item does.
	first, shared := map[string]*raw{}, map[string]bool{}
	for i := range all {
		r := &all[i]
		if f := first[r.name()]; f == nil {
			first[r.name()] = r
		} else if f.link != r.link || f.title != r.title {
			shared[r.name()] = true
		}
	}
	var out []Found
	seen := map[string]bool{}
	read := 0
	for i := range all {
		r := &all[i]
		f := Found{Key: hash(r.name())}
		if shared[r.name()] {
			f.Key = hash(r.name(), r.link, r.title)
		}
		if seen[f.Key] {
			continue
		}
		seen[f.Key] = true
		if read++; read > maxLooked || len(out) == maxItems {
			break
		}
		f.Title, f.Link, f.Text = clip(oneLine(maillog.PlainText(bound(r.title))), maxTitle), webAddress(r.link), clip(strings.TrimSpace(maillog.PlainText(bound(r.text))), maxText)
		if !r.at.IsZero() {
			f.At = r.at.UTC()
		}
		if f.Title == "" && f.Text == "" {
			continue
		}
		if f.Title == "" {
			f.Title = clip(oneLine(f.Text), 80)
		}
		if f.Text == f.Title {
			f.Text = ""
		}
		out = append(out, f)
	}
	return out
}

// name is what the source knows an item by.
func (r *raw) name() string {
	switch {
	case r.id != "":
		return r.id
	case r.link != "":
		return r.link
	}
	return r.title
}

// bound cuts a text before it is looked at.
func bound(s string) string {
	const most = 64 << 10
	if len(s) > most {
		s = s[:most]
	}
	return strings.ToValidUTF8(s, "")
}

func hash(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return hex.EncodeToString(sum[:12])
}

// webAddress is an address that a person may follow, or "".
func webAddress(s string) string {
	s = strings.TrimSpace(s)
	if s == "" || len(s) > maxLink {
		return ""
	}
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil {
		return ""
	}
	// Written anew, so that nothing in it ends a quote or a pair of brackets.
	out := u.String()
	if len(out) > maxLink || strings.ContainsFunc(out, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>\"`\\^{|}", r) }) {
		return ""
	}
	return out
}

func oneLine(s string) string { return maillog.OneLine(s) }

// clip cuts a text to so many characters.
func clip(s string, n int) string {
	if utf8.RuneCountInString(s) <= n {
		return s
	}
	return string([]rune(s)[:n-1]) + "…"
}
