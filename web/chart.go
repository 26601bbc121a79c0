package web

import (
	"math"
	"strconv"
	"strings"
)

// Charts are made here, in two widths, so that their text is never scaled.
// Colours are classes: the style sheet has them for light, dark and paper.

const chartNarrow = 330.0

// chartWidth is how wide a chart is in a card that spans so many columns of a
// wide screen.
func chartWidth(span int) float64 { return float64(span)*118 - 50 }

// bar is one row of a bar chart.
type bar struct {
	label  string
	note   string // below the label
	value  float64
	target float64 // a line across; 0 for none
	text   string  // behind the bar
	side   string  // at the right edge
	warn   bool
	strong bool
}

// bars draws rows, each with its label at the left. All begin at zero.
func bars(columns int, label string, rows []bar) []Drawing {
	most, labels := 0.0, 0
	for _, r := range rows {
		most = max(most, r.value, r.target)
		labels = max(labels, len([]rune(r.label)), len([]rune(r.note)))
	}
	var out []Drawing
	for _, width := range []float64{chartWidth(columns), chartNarrow} {
		left := min(float64(labels)*6.6+14, width*0.42)
		right := 70.0
		if width != chartNarrow {
			right = 150
		}
		d := Drawing{Class: widthClass(width), Width: int(width), Label: label}
		step := 34.0
		for _, r := range rows {
			if r.note != "" {
				step = 46
			}
		}
		at := func(v float64) float64 {
			if most == 0 {
				return 0
			}
			return v / most * (width - left - right)
		}
		for i, r := range rows {
			y := float64(i) * step
			d.text("t-strong", 0, y+18, shortLabel(r.label, int(left/6.4)))
			if r.note != "" {
				d.text("", 0, y+33, shortLabel(r.note, int(left/5.6)))
			}
			class := "bar-soft"
			if r.strong {
				class = "bar"
			}
			if r.value > 0 {
				d.Marks = append(d.Marks, Mark{Kind: "rect", Class: class, X: round1(left), Y: y + 3, W: round1(max(at(r.value), 1)), H: 22})
			}
			if r.target > 0 {
				x := round1(left + at(r.target))
				d.Marks = append(d.Marks, Mark{Kind: "line", Class: "target", X: x, Y: y - 1, W: x, H: y + 29})
			}
			if r.text != "" {
				d.text("t-strong", round1(left+max(at(r.value), at(r.target))+8), y+18, r.text)
			}
			if r.side != "" && width != chartNarrow {
				class := "t-end"
				if r.warn {
					class = "t-end t-warn"
				}
				d.text(class, width, y+18, r.side)
			}
		}
		d.Height = int(float64(len(rows)) * step)
		d.Marks = append(d.Marks, Mark{Kind: "line", Class: "base", X: round1(left), Y: 0, W: round1(left), H: float64(d.Height)})
		out = append(out, d)
	}
	return out
}

// span is one row of a chart of ranges.
type span struct {
	label      string
	low, high  float64
	middle     float64
	has        bool // there is a range
	dots       []float64
	over       int // how many of the dots, from the first on, are beyond what is usual
	note       string
	noteAt     float64
	noteIsWarn bool
}

// spans draws ranges with a line in the middle and a dot for each case of now.
func spans(columns int, label, unit string, rows []span) []Drawing {
	most, labels := 1.0, 0
	for _, r := range rows {
		most = max(most, r.high)
		labels = max(labels, len([]rune(r.label)))
		for _, v := range r.dots {
			most = max(most, v)
		}
	}
	step := niceStep(most / 4)
	margin := 20.0
	for _, r := range rows {
		margin = max(margin, min(6.2*float64(len([]rune(r.note))), 120)) // for names to the right of their dots
	}
	var out []Drawing
	for _, width := range []float64{chartWidth(columns), chartNarrow} {
		left, right := min(float64(labels)*6.6+14, width*0.42), margin
		if width == chartNarrow {
			right = 20
		}
		end := math.Ceil(most/step) * step
		at := func(v float64) float64 { return round1(left + v/end*(width-left-right)) }
		d := Drawing{Class: widthClass(width), Width: int(width), Label: label}
		bottom := float64(len(rows)) * 34
		for v := 0.0; v <= end+step/2; v += step {
			class := "grid"
			if v == 0 {
				class = "base"
			}
			d.Marks = append(d.Marks, Mark{Kind: "line", Class: class, X: at(v), Y: 0, W: at(v), H: bottom})
			if width != chartNarrow || int(v/step)%2 == 0 {
				s := strconv.FormatFloat(v, 'f', -1, 64)
				if v+step > end+step/2 && width != chartNarrow {
					d.text("t-end", at(v)+14, bottom+15, s+" "+unit)
				} else {
					d.text("t-mid", at(v), bottom+15, s)
				}
			}
		}
		for i, r := range rows {
			y := float64(i) * 34
			d.text("t-strong", 0, y+20, shortLabel(r.label, int(left/6.4)))
			if r.has {
				d.Marks = append(d.Marks, Mark{Kind: "rect", Class: "range", X: at(r.low), Y: y + 5, W: max(round1(at(r.high)-at(r.low)), 2), H: 22},
					Mark{Kind: "line", Class: "median", X: at(r.middle), Y: y + 2, W: at(r.middle), H: y + 30})
			}
			for j, v := range r.dots {
				class := "dot"
				if j < r.over {
					class = "dot-warn"
				}
				d.Marks = append(d.Marks, Mark{Kind: "dot", Class: class, X: at(v), Y: y + 16})
			}
			if r.note != "" && width != chartNarrow {
				class, x := "t-accent", at(r.noteAt)+10
				if r.noteIsWarn {
					class = "t-warn"
				}
				if x+6.4*float64(len([]rune(r.note))) > width+12 {
					class, x = class+" t-end", at(r.noteAt)-10
				}
				d.text(class, x, y+20, r.note)
			}
		}
		d.Height = int(bottom) + 20
		out = append(out, d)
	}
	return out
}

// series is a line of a chart over time; nil values are gaps.
type series struct {
	values []*float64
	class  string // "line" or "line-second"
	label  string // behind its last value
}

// lines draws rates between 0 and 1 over time.
func lines(columns int, label string, ticks []string, all []series) []Drawing {
	most := 0.2
	for _, s := range all {
		for _, v := range s.values {
			if v != nil {
				most = max(most, *v)
			}
		}
	}
	top := math.Ceil(most*5) / 5
	var out []Drawing
	for _, width := range []float64{chartWidth(columns), chartNarrow} {
		left, right, bottom := 40.0, 110.0, 204.0
		d := Drawing{Class: widthClass(width), Width: int(width), Height: 230, Label: label}
		atX := func(i int) float64 {
			return round1(left + float64(i)/float64(max(len(ticks)-1, 1))*(width-left-right))
		}
		atY := func(v float64) float64 { return round1(bottom - v/top*(bottom-12)) }
		for v := 0.0; v < top+0.1; v += 0.2 {
			class, tick := "grid", strconv.Itoa(int(math.Round(v*100)))
			if v == 0 {
				class = "base"
			}
			if v+0.2 >= top+0.1 {
				tick += " %"
			}
			d.Marks = append(d.Marks, Mark{Kind: "line", Class: class, X: left, Y: atY(v), W: width - right, H: atY(v)})
			d.text("t-end", left-6, atY(v)+4, tick)
		}
		for i, tick := range ticks {
			if width != chartNarrow || i%2 == len(ticks)%2^1 {
				d.text("t-mid", atX(i), 224, tick)
			}
		}
		var ends []float64
		for _, s := range all {
			d.series(s, atX, atY, &ends)
		}
		out = append(out, d)
	}
	return out
}

func (d *Drawing) series(s series, atX func(int) float64, atY func(float64) float64, ends *[]float64) {
	var run []string
	flush := func() {
		if len(run) > 1 {
			d.Marks = append(d.Marks, Mark{Kind: "path", Class: s.class, Points: strings.Join(run, " ")})
		}
		run = nil
	}
	last := -1
	for i, v := range s.values {
		if v == nil {
			flush()
			continue
		}
		last = i
		run = append(run, strconv.FormatFloat(atX(i), 'f', 1, 64)+","+strconv.FormatFloat(atY(*v), 'f', 1, 64))
	}
	flush()
	for i, v := range s.values {
		if v == nil {
			continue
		}
		if s.class == "line" {
			d.Marks = append(d.Marks, Mark{Kind: "dot", Class: "dot", X: atX(i), Y: atY(*v)})
		} else {
			d.Marks = append(d.Marks, Mark{Kind: "rect", Class: "dot-second", X: atX(i) - 3.5, Y: atY(*v) - 3.5, W: 7, H: 7})
		}
	}
	if last < 0 {
		return
	}
	y := atY(*s.values[last]) + 4
	for _, taken := range *ends {
		if math.Abs(taken-y) < 14 {
			y = taken + 14
		}
	}
	*ends = append(*ends, y)
	class := "t-accent"
	if s.class != "line" {
		class = "t-second"
	}
	d.text(class, atX(last)+10, y, s.label)
}

func (d *Drawing) text(class string, x, y float64, s string) {
	d.Marks = append(d.Marks, Mark{Kind: "text", Class: class, X: x, Y: y, Text: s})
}

func widthClass(width float64) string {
	if width != chartNarrow {
		return "chart-wide"
	}
	return "chart-narrow"
}

func round1(v float64) float64 { return math.Round(v*10) / 10 }

// shortLabel shortens a label to so many letters.
func shortLabel(s string, n int) string {
	r := []rune(s)
	if len(r) <= max(n, 4) {
		return s
	}
	return string(r[:max(n, 4)-1]) + "…"
}

// niceStep is the smallest of 1, 2, 5 times a power of ten that is not below v.
func niceStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(max(v, 1))))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= v {
			return m * power
		}
	}
	return 10 * power
}
