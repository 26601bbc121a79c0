package pipeline

import (
	"math"
	"slices"

	"dealwiki/wiki"
)

// sizes sorts deals into small, middle and large ones: thirds, with round
// numbers between them.
func sizes(deals []sized) []Size {
	if len(deals) == 0 {
		return []Size{}
	}
	values := make([]float64, len(deals))
	for i, d := range deals {
		values[i] = d.value
	}
	slices.Sort(values)
	var bounds []float64
	for _, part := range []float64{1.0 / 3, 2.0 / 3} {
		b := round(*quantile(values, part))
		if b > values[0] && b <= values[len(values)-1] && !slices.Contains(bounds, b) {
			bounds = append(bounds, b)
		}
	}
	out := make([]Size, len(bounds)+1)
	for i, b := range bounds {
		out[i].To, out[i+1].From = b, b
	}
	for _, d := range deals {
		i := 0
		for i < len(bounds) && d.value >= bounds[i] {
			i++
		}
		s := &out[i]
		switch d.state {
		case wiki.OutcomeOpen:
			s.Open++
			s.OpenValue += d.value
		case wiki.OutcomeWon:
			s.Won++
			s.WonValue += d.value
		case wiki.OutcomeLost:
			s.Lost++
		}
	}
	for i := range out {
		out[i].Unit = ratio(float64(out[i].Won), float64(out[i].Won+out[i].Lost))
	}
	return out
}

// round answers a round number near v: 1, 2, 3, 5 or 7 times a power of ten.
func round(v float64) float64 {
	if v <= 0 {
		return 0
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	best := power
	for _, m := range []float64{1, 2, 3, 5, 7, 10} {
		if math.Abs(m*power-v) < math.Abs(best-v) {
			best = m * power
		}
	}
	return best
}
