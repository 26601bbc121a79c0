package web

import (
	"fmt"
	"math"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"dealwiki/wiki"
)

var currencySigns = map[string]string{"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}

// money writes an amount short: "€695k", "CHF 1.24M". Zero is "".
func money(v float64, currency string) string {
	if v == 0 {
		return ""
	}
	sign, ok := currencySigns[currency]
	if !ok && currency != "" {
		sign = currency + " "
	}
	switch {
	case v >= 999_500_000:
		return sign + short(v/1e9) + "bn"
	case v >= 999_500:
		return sign + short(v/1e6) + "M"
	case v >= 10_000:
		return sign + strconv.FormatFloat(math.Round(v/1e3), 'f', 0, 64) + "k"
	}
	return sign + grouped(v)
}

func short(v float64) string {
	s := strconv.FormatFloat(v, 'f', 2, 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

func grouped(v float64) string {
	s := strconv.FormatFloat(math.Round(v), 'f', 0, 64)
	if len(s) > 3 {
		s = s[:len(s)-3] + "," + s[len(s)-3:]
	}
	return s
}

// sums adds amounts by currency: amounts of two currencies are never one number.
type sums map[string]float64

func (s sums) add(v float64, currency string) {
	if v != 0 {
		s[currency] += v
	}
}

// String is the amounts, the largest first, "" when there are none.
func (s sums) String() string {
	codes := make([]string, 0, len(s))
	for code := range s {
		codes = append(codes, code)
	}
	sort.Slice(codes, func(i, j int) bool {
		if s[codes[i]] != s[codes[j]] {
			return s[codes[i]] > s[codes[j]]
		}
		return codes[i] < codes[j]
	})
	parts := make([]string, 0, len(codes))
	for _, code := range codes {
		parts = append(parts, money(s[code], code))
	}
	return strings.Join(parts, " + ")
}

// sizeOf writes a number of bytes for people.
func sizeOf(n int64) string {
	switch {
	case n < 1000:
		return fmt.Sprintf("%d bytes", n)
	case n < 1_000_000:
		return fmt.Sprintf("%d kB", (n+512)/1024)
	case n < 10<<20 && n%(1<<20) != 0:
		return fmt.Sprintf("%.1f MB", float64(n)/(1<<20))
	case n < 1<<30:
		return fmt.Sprintf("%d MB", (n+(1<<19))>>20)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/(1<<30))
}

// minutes is how long reading takes, at 220 words a minute.
func minutes(words int) int {
	if words == 0 {
		return 0
	}
	return max(1, (words+110)/220)
}

// dayLabel names a day as people do.
func dayLabel(t, now time.Time) string {
	t, now = t.UTC(), now.UTC()
	day := func(t time.Time) time.Time { return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC) }
	switch days := int(day(now).Sub(day(t)).Hours() / 24); {
	case days == 0:
		return "Today"
	case days == 1:
		return "Yesterday"
	case days > 1 && days < 7:
		return t.Format("Monday")
	case t.Year() == now.Year():
		return t.Format("2 January")
	}
	return t.Format("2 January 2006")
}

func spacePath(prospect string) string {
	if prospect == wiki.Playbook {
		return "/playbook"
	}
	return "/p/" + url.PathEscape(prospect)
}

func pagePath(prospect string, p wiki.Place) string {
	return "/p/" + url.PathEscape(prospect) + "/" + string(p.Section) + "/" + url.PathEscape(p.Stage) + "/" + url.PathEscape(p.Page)
}

func filePath(prospect string, f wiki.File) string {
	return "/p/" + url.PathEscape(prospect) + "/files/" + string(f.Section) + "/" + url.PathEscape(f.Stage) + "/" + url.PathEscape(f.Name)
}

// upperFirst makes a name readable where the funnel has no title for it.
// lowerFirst is for text that goes on inside a sentence.
func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	if n == 0 {
		return ""
	}
	return string(unicode.ToLower(r)) + s[n:]
}

func upperFirst(s string) string {
	s = strings.ReplaceAll(s, "-", " ")
	for i, r := range s {
		return strings.ToUpper(string(r)) + s[i+len(string(r)):]
	}
	return s
}
