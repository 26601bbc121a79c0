package extract

import (
	"bytes"
	"math"
	"strings"
)

// pdfMatrix maps drawing to page: x' = ax + cy + e, y' = bx + dy + f.
type pdfMatrix [6]float64

var pdfIdentity = pdfMatrix{1, 0, 0, 1, 0, 0}

func (m pdfMatrix) times(n pdfMatrix) pdfMatrix {
	return pdfMatrix{
		m[0]*n[0] + m[1]*n[2], m[0]*n[1] + m[1]*n[3],
		m[2]*n[0] + m[3]*n[2], m[2]*n[1] + m[3]*n[3],
		m[4]*n[0] + m[5]*n[2] + n[4], m[4]*n[1] + m[5]*n[3] + n[5],
	}
}

// pdfText runs a page's content and writes the text it shows, with spaces and
// line ends where the positions say so.
type pdfText struct {
	f     *pdfFile
	b     strings.Builder
	limit int

	x, y float64 // where the last text ended, on the page
	size float64 // its size
	any  bool    // some text was shown
}

// pdfState is what q saves and Q brings back.
type pdfState struct {
	ctm                      pdfMatrix
	font                     *pdfFont
	size, lead, scale, extra float64 // extra: space after every code
	word                     float64 // space after every blank
}

func (t *pdfText) run(content []byte, resources pdfDict, ctm pdfMatrix, depth int) {
	if depth > maxForms {
		return
	}
	fonts, forms := t.f.dict(resources["Font"]), t.f.dict(resources["XObject"])
	s := pdfState{ctm: ctm, scale: 1}
	var saved []pdfState
	tm, line := pdfIdentity, pdfIdentity
	l := pdfLexer{f: t.f, buf: content, page: true}
	var args []any
	num := func(i int) float64 {
		if i < len(args) {
			return pdfNumber(args[i])
		}
		return 0
	}
	matrix := func() pdfMatrix { return pdfMatrix{num(0), num(1), num(2), num(3), num(4), num(5)} }
	next := func(x, y float64) {
		line = pdfMatrix{1, 0, 0, 1, x, y}.times(line)
		tm = line
	}
	show := func(v any) {
		if str, ok := v.(pdfString); ok && s.font != nil {
			t.show(str, &s, &tm)
		}
	}
	for t.b.Len() < t.limit {
		switch v := l.value(0).(type) {
		case pdfEnd:
			return
		case pdfClose:
			continue
		case pdfOp:
			switch v {
			case "q":
				if len(saved) < 256 {
					saved = append(saved, s)
				}
			case "Q":
				if n := len(saved); n > 0 {
					s, saved = saved[n-1], saved[:n-1]
				}
			case "cm":
				s.ctm = matrix().times(s.ctm)
			case "BT":
				tm, line = pdfIdentity, pdfIdentity
			case "Tf":
				if len(args) > 1 {
					if name, ok := args[0].(pdfName); ok {
						s.font = t.f.font(fonts[string(name)])
					}
					s.size = num(1)
				}
			case "TL":
				s.lead = num(0)
			case "Tc":
				s.extra = num(0)
			case "Tw":
				s.word = num(0)
			case "Tz":
				s.scale = num(0) / 100
			case "Td":
				next(num(0), num(1))
			case "TD":
				s.lead = -num(1)
				next(num(0), num(1))
			case "Tm":
				line = matrix()
				tm = line
			case "T*":
				next(0, -s.lead)
			case "Tj":
				if len(args) > 0 {
					show(args[0])
				}
			case "'":
				next(0, -s.lead)
				if len(args) > 0 {
					show(args[0])
				}
			case `"`:
				s.word, s.extra = num(0), num(1)
				next(0, -s.lead)
				if len(args) > 2 {
					show(args[2])
				}
			case "TJ":
				if len(args) > 0 {
					list, _ := args[0].(pdfArray)
					for _, e := range list {
						if n, ok := e.(float64); ok {
							tm = pdfMatrix{1, 0, 0, 1, -n / 1000 * s.size * s.scale, 0}.times(tm)
						} else {
							show(e)
						}
					}
				}
			case "Do":
				if len(args) > 0 {
					name, _ := args[0].(pdfName)
					form, ok := t.f.get(forms[string(name)]).(pdfStream)
					if ok && form.dict["Subtype"] == pdfName("Form") && t.f.spent() == nil {
						r := t.f.dict(form.dict["Resources"])
						if r == nil {
							r = resources
						}
						m := pdfIdentity
						if list, ok := t.f.get(form.dict["Matrix"]).(pdfArray); ok && len(list) == 6 {
							for i := range m {
								m[i] = pdfNumber(t.f.get(list[i]))
							}
						}
						t.run(t.f.decode(form), r, m.times(s.ctm), depth+1)
					}
				}
			case "ID": // an image in the content: skip to its end
				if i := bytes.Index(l.buf[l.pos:], []byte("EI")); i >= 0 {
					l.pos += i + 2
				} else {
					return
				}
			}
			args = args[:0]
		default:
			if len(args) < 64 {
				args = append(args, v)
			}
		}
	}
}

// show writes one string and moves on by its width.
func (t *pdfText) show(str pdfString, s *pdfState, tm *pdfMatrix) {
	s.font.each(str, func(text string, width float64, space bool) bool {
		m := tm.times(s.ctm)
		size := s.size * math.Hypot(m[2], m[3])
		if text != "" {
			t.place(m[4], m[5], size)
			t.b.WriteString(text)
		}
		advance := (width/1000*s.size + s.extra) * s.scale
		if space {
			advance += s.word * s.scale
		}
		*tm = pdfMatrix{1, 0, 0, 1, advance, 0}.times(*tm)
		end := tm.times(s.ctm)
		if text != "" {
			t.x, t.y, t.size, t.any = end[4], end[5], size, true
		}
		t.f.ops--
		return t.b.Len() < t.limit && t.f.ops > 0
	})
}

// place writes the space or line end between the last text and one that
// begins at x, y.
func (t *pdfText) place(x, y, size float64) {
	if !t.any {
		return
	}
	em := math.Max(math.Min(size, t.size), 0.01)
	switch dy := math.Abs(y - t.y); {
	case dy > 2.2*math.Max(size, t.size):
		t.b.WriteString("\n\n")
	case dy > 0.6*em:
		t.b.WriteByte('\n')
	case x-t.x > 0.18*em || x-t.x < -2*em:
		t.b.WriteByte(' ')
	}
}
