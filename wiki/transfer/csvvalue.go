package transfer

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// dateLayouts are the ways in which a date may be written. A day before the
// month is refused rather than guessed.
var dateLayouts = []string{"2006-01-02", "2006/1/2", "1/2/2006", "2006-01-02 15:04", "2006-01-02 15:04:05", time.RFC3339, "2006-01-02T15:04:05.000Z0700",
	"1/2/2006 15:04", "1/2/2006 3:04 PM", "1/2/2006, 3:04 PM"}

func parseDate(s string) (string, error) {
	if s == "" {
		return "", nil
	}
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, s); err == nil && t.Year() >= 1970 && t.Year() <= 9999 {
			return t.Format("2006-01-02"), nil
		}
	}
	return "", fmt.Errorf("%q is not a date; write 2027-03-01, or 3/1/2027 in the American order", s)
}

var currencySigns = map[string]string{"$": "USD", "US$": "USD", "€": "EUR", "£": "GBP", "¥": "JPY", "CHF": "CHF", "USD": "USD", "EUR": "EUR", "GBP": "GBP"}

// parseAmount reads an amount of money and the currency its sign stands for.
func parseAmount(s string) (value float64, currency string, err error) {
	bad := fmt.Errorf("%q is not an amount of money, such as 125000 or 125,000.50", s)
	if s = strings.TrimSpace(s); s == "" {
		return 0, "", nil
	}
	for sign, code := range currencySigns {
		if rest, ok := strings.CutPrefix(s, sign); ok {
			s, currency = rest, code
			break
		}
		if rest, ok := strings.CutSuffix(s, sign); ok {
			s, currency = rest, code
			break
		}
	}
	s = strings.NewReplacer(" ", "", "\u00a0", "", "\u202f", "", "'", "", "’", "").Replace(s)
	comma, dot := strings.LastIndex(s, ","), strings.LastIndex(s, ".")
	switch {
	case comma >= 0 && dot >= 0 && comma > dot: // 1.234,50
		s = strings.Replace(strings.ReplaceAll(s, ".", ""), ",", ".", 1)
	case comma >= 0 && dot >= 0: // 1,234.50
		s = strings.ReplaceAll(s, ",", "")
	case comma >= 0 && strings.Count(s, ",") == 1 && len(s)-comma-1 != 3: // 1234,5
		s = strings.Replace(s, ",", ".", 1)
	case comma >= 0: // 1,234 and 1,234,567
		s = strings.ReplaceAll(s, ",", "")
	case strings.Count(s, ".") > 1: // 1.234.567
		s = strings.ReplaceAll(s, ".", "")
	}
	if strings.Trim(s, "0123456789.") != "" {
		return 0, "", bad
	}
	value, err = strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(value, 0) || math.IsNaN(value) {
		return 0, "", bad
	}
	return value, currency, nil
}
