package wiki

import (
	"net/url"
	"regexp"
	"strings"
)

const (
	maxLinks = 50
	maxURL   = 2000 // bytes
)

// webLink is a link to somewhere else: [title](address).
var webLink = regexp.MustCompile(`^\[([^\[\]]{1,200})\]\(([^\s()<>]+)\)$`)

// ProspectLink is what one of a prospect's links leads to: another prospect, or
// an address in the web with a title.
type ProspectLink struct {
	Prospect   string // slug; "" for an address
	Title, URL string
}

// ParseProspectLink reads one of a prospect's links: the short name of another
// prospect, or [title](address) with an address of http or https.
func ParseProspectLink(s string) (ProspectLink, error) {
	invalid := &Invalid{Field: "links", Problem: "are short names of prospects, or [title](https://…) with an address of http or https"}
	m := webLink.FindStringSubmatch(s)
	if m == nil {
		if CheckProspect(s) != nil {
			return ProspectLink{}, invalid
		}
		return ProspectLink{Prospect: s}, nil
	}
	u, err := url.Parse(m[2])
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || len(m[2]) > maxURL || strings.TrimSpace(m[1]) == "" || !printable(s) {
		return ProspectLink{}, invalid
	}
	return ProspectLink{Title: strings.TrimSpace(m[1]), URL: u.String()}, nil
}

// WebLinks are the links of a prospect that lead into the web, in order. What
// cannot be read is left out.
func (p Prospect) WebLinks() []ProspectLink {
	var out []ProspectLink
	for _, s := range p.Links {
		if l, err := ParseProspectLink(s); err == nil && l.URL != "" {
			out = append(out, l)
		}
	}
	return out
}

// Related are the slugs of the prospects that a prospect names, in order.
func (p Prospect) Related() []string {
	var out []string
	for _, s := range p.Links {
		if l, err := ParseProspectLink(s); err == nil && l.Prospect != "" {
			out = append(out, l.Prospect)
		}
	}
	return out
}
