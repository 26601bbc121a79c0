package search

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
)

// position is the last hit of a page of results.
type position struct {
	Fuzzy   bool    `json:"z,omitempty"`
	Score   float64 `json:"s,omitempty"`
	Updated string  `json:"u,omitempty"`
	ID      string  `json:"i"`
}

// after is the position as Bleve takes it.
func (p position) after(s Sort) []string {
	if s == Newest {
		return []string{p.Updated, p.ID}
	}
	return []string{strconv.FormatFloat(p.Score, 'g', -1, 64), p.ID}
}

const signature = 16 // bytes of a cursor that prove it is ours

// cursor writes a position so that only the same search can go on from it.
func (x *Index) cursor(r Request, sections []*Section, p position) string {
	if r.Sort == Newest {
		p.Score = 0
	} else {
		p.Updated = ""
	}
	b, err := json.Marshal(p)
	if err != nil {
		return "" // cannot be: scores are finite
	}
	return base64.RawURLEncoding.EncodeToString(append(x.sign(r, sections, b), b...))
}

func (x *Index) openCursor(r Request, sections []*Section) (*position, error) {
	if len(r.Cursor) > 4<<10 {
		return nil, ErrCursor
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(r.Cursor)
	if err != nil || len(b) < signature || !hmac.Equal(b[:signature], x.sign(r, sections, b[signature:])) {
		return nil, ErrCursor
	}
	var p position
	if json.Unmarshal(b[signature:], &p) != nil || p.ID == "" || math.IsNaN(p.Score) || math.IsInf(p.Score, 0) {
		return nil, ErrCursor
	}
	return &p, nil
}

func (x *Index) sign(r Request, sections []*Section, payload []byte) []byte {
	names := make([]string, len(sections))
	for i, s := range sections {
		names[i] = s.name
	}
	mac := hmac.New(sha256.New, x.key)
	for _, part := range []string{r.Query.String(), string(r.Sort), strings.Join(names, ","), string(payload)} {
		mac.Write([]byte(strconv.Itoa(len(part)) + ":" + part))
	}
	return mac.Sum(nil)[:signature]
}
