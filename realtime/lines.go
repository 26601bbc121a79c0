package realtime

import (
	"strings"

	"dealwiki/realtime/yjs"
)

// lines answers who wrote most of what is new in each line of a text, "" where
// nobody wrote. Spans ascend.
func (r *room) lines(text string, spans []yjs.Span) []string {
	var out []string
	i := 0
	written := map[string]int{}
	for start := 0; start < len(text); {
		end := strings.IndexByte(text[start:], '\n') + 1
		if end == 0 {
			end = len(text)
		} else {
			end += start
		}
		clear(written)
		for ; i < len(spans) && spans[i].Start < end; i++ {
			s := spans[i]
			if who := r.writer(s.Client); who != "" {
				// A line's end goes with the line only where nothing else does.
				n := 2 * (min(s.End, end) - max(s.Start, start))
				if s.End >= end && text[end-1] == '\n' {
					n--
				}
				written[who] += n
			}
			if s.End > end {
				break // it goes on in the next line
			}
		}
		best := ""
		for who, n := range written {
			if best == "" || n > written[best] || n == written[best] && who < best {
				best = who
			}
		}
		out = append(out, best)
		start = end
	}
	for len(out) > 0 && out[len(out)-1] == "" {
		out = out[:len(out)-1]
	}
	return out
}
