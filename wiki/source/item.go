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
	maxRead  = 100_000 // items or rows read
	maxItems = 100     // items taken, the newest
	maxTitle = 200     // characters
	maxText  = 1200    // characters
	maxLink  = 2000    // bytes
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
	var out []Found
	seen := map[string]bool{}
	for i := range all {
		if len(out) == maxItems {
			break
		}
		r := &all[i]
		f := Found{Title: clip(oneLine(maillog.PlainText(bound(r.title))), maxTitle), Link: webAddress(r.link), Text: clip(strings.TrimSpace(maillog.PlainText(bound(r.text))), maxText)}
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
		id := r.id
		if id == "" {
			id = r.link
		}
		if id == "" {
			id = f.Title
		}
		if f.Key = hash(id); seen[f.Key] {
			// Ids given twice tell nothing apart: the rest of the item does.
			f.Key = hash(id, r.link, f.Title)
		}
		if seen[f.Key] {
			continue
		}
		seen[f.Key] = true
		out = append(out, f)
	}
	return out
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
