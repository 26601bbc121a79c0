package extract

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/unicode/norm"
)

// maxCodes bounds the codes one font may map.
const maxCodes = 1 << 17

// pdfFont tells what the codes of a font mean and how wide they are drawn.
type pdfFont struct {
	wide    bool // codes of two bytes
	unicode map[int]string
	simple  [256]string
	widths  map[int]float64
	width   float64 // of codes not in widths, in thousandths
}

// font reads a font once; nil when it is none.
func (f *pdfFile) font(v any) *pdfFont {
	ref, isRef := v.(pdfRef)
	if isRef {
		if font, ok := f.fonts[int(ref)]; ok {
			return font
		}
	}
	var font *pdfFont
	if d := f.dict(v); d != nil {
		font = f.readFont(d)
	}
	if isRef {
		f.fonts[int(ref)] = font
	}
	return font
}

func (f *pdfFile) readFont(d pdfDict) *pdfFont {
	f.ops -= 512 // a font that no object holds is read each time it is chosen
	font := &pdfFont{widths: map[int]float64{}, width: 500}
	if s, ok := f.get(d["ToUnicode"]).(pdfStream); ok {
		font.readCMap(f, f.decode(s))
	}
	if d["Subtype"] == pdfName("Type0") {
		font.wide = true
		if list, ok := f.get(d["DescendantFonts"]).(pdfArray); ok && len(list) > 0 {
			font.readWideWidths(f, f.dict(list[0]))
		}
		return font
	}
	font.readEncoding(f, d["Encoding"])
	first := int(pdfNumber(f.get(d["FirstChar"])))
	if list, ok := f.get(d["Widths"]).(pdfArray); ok {
		for i, w := range list[:min(len(list), 256)] {
			if n, ok := f.get(w).(float64); ok {
				font.widths[first+i] = n
			}
		}
	}
	if desc := f.dict(d["FontDescriptor"]); desc != nil {
		if n, ok := f.get(desc["MissingWidth"]).(float64); ok && n > 0 {
			font.width = n
		}
	}
	return font
}

func (font *pdfFont) readWideWidths(f *pdfFile, d pdfDict) {
	font.width = 1000
	if n, ok := f.get(d["DW"]).(float64); ok {
		font.width = n
	}
	list, _ := f.get(d["W"]).(pdfArray)
	for i := 0; i+1 < len(list) && f.ops > 0; {
		first := int(pdfNumber(f.get(list[i])))
		switch v := f.get(list[i+1]).(type) {
		case pdfArray:
			for j, w := range v[:min(len(v), 1<<16)] {
				f.ops -= 8
				font.widths[first+j] = pdfNumber(f.get(w))
			}
			i += 2
		case float64:
			if i+2 < len(list) {
				w := pdfNumber(f.get(list[i+2]))
				for c := first; c <= int(v) && c < 1<<16 && c >= 0 && f.ops > 0; c++ {
					f.ops -= 8
					font.widths[c] = w
				}
			}
			i += 3
		default:
			i += 2
		}
	}
}

func (font *pdfFont) readEncoding(f *pdfFile, v any) {
	enc := charmap.Windows1252
	var differences pdfArray
	name, _ := f.get(v).(pdfName)
	if d := f.dict(v); d != nil {
		name, _ = f.get(d["BaseEncoding"]).(pdfName)
		differences, _ = f.get(d["Differences"]).(pdfArray)
	}
	if name == "MacRomanEncoding" {
		enc = charmap.Macintosh
	}
	for i := range font.simple {
		if r := enc.DecodeByte(byte(i)); r >= ' ' && r != utf8.RuneError {
			font.simple[i] = string(r)
		}
	}
	code := 0
	f.ops -= len(differences)
	for _, e := range differences[:min(len(differences), 1024)] {
		switch v := f.get(e).(type) {
		case float64:
			code = int(v)
		case pdfName:
			if code >= 0 && code < 256 {
				font.simple[code] = glyphText(string(v))
			}
			code++
		}
	}
}

// readCMap reads what the codes mean from a font's own table.
func (font *pdfFont) readCMap(f *pdfFile, data []byte) {
	font.unicode = map[int]string{}
	l := pdfLexer{f: f, buf: data, page: true}
	var args []any
	for {
		switch v := l.value(0).(type) {
		case pdfEnd:
			return
		case pdfClose:
		case pdfOp:
			switch v {
			case "endbfchar":
				for i := 0; i+1 < len(args); i += 2 {
					font.define(args[i], 0, args[i+1])
				}
			case "endbfrange":
				for i := 0; i+2 < len(args); i += 3 {
					low, ok1 := args[i].(pdfString)
					high, ok2 := args[i+1].(pdfString)
					if !ok1 || !ok2 {
						continue
					}
					n := min(pdfCode(high)-pdfCode(low), 1<<16-1)
					for j := 0; j <= n && f.ops > 0; j++ {
						f.ops -= 8
						if list, ok := args[i+2].(pdfArray); ok {
							if j >= len(list) {
								break
							}
							font.define(pdfString(pdfCodeBytes(pdfCode(low)+j)), 0, list[j])
						} else {
							font.define(pdfString(pdfCodeBytes(pdfCode(low)+j)), j, args[i+2])
						}
					}
				}
			}
			args = args[:0]
		default:
			if len(args) < 1<<16 {
				args = append(args, v)
			}
		}
	}
}

func pdfCode(s pdfString) int {
	n := 0
	for i := 0; i < len(s) && i < 3; i++ {
		n = n<<8 | int(s[i])
	}
	return n
}

func pdfCodeBytes(n int) string { return string([]byte{byte(n >> 16), byte(n >> 8), byte(n)}) }

// define maps a code to UTF-16 text whose last unit is raised by add.
func (font *pdfFont) define(code any, add int, text any) {
	c, ok1 := code.(pdfString)
	t, ok2 := text.(pdfString)
	if !ok1 || !ok2 || len(t) > 64 || len(font.unicode) >= maxCodes {
		return
	}
	var units []uint16
	for i := 0; i+1 < len(t); i += 2 {
		units = append(units, uint16(t[i])<<8|uint16(t[i+1]))
	}
	if len(t) == 1 {
		units = append(units, uint16(t[0]))
	}
	if len(units) == 0 {
		return
	}
	units[len(units)-1] += uint16(add)
	font.unicode[pdfCode(c)] = string(utf16.Decode(units))
}

// each gives the codes of a shown string: their text and width in
// thousandths, until show has enough.
func (font *pdfFont) each(s pdfString, show func(text string, width float64, space bool) bool) {
	step := 1
	if font.wide {
		step = 2
	}
	for i := 0; i+step <= len(s); i += step {
		code := int(s[i])
		if font.wide {
			code = code<<8 | int(s[i+1])
		}
		text, ok := font.unicode[code]
		if !ok && !font.wide {
			text = font.simple[code]
		}
		w, ok := font.widths[code]
		if !ok {
			w = font.width
		}
		if !show(text, w, !font.wide && code == ' ') {
			return
		}
	}
}

// glyphText is what a glyph's name stands for; "" when unknown.
func glyphText(name string) string {
	if i := strings.IndexByte(name, '.'); i > 0 {
		name = name[:i]
	}
	if len(name) == 1 {
		return name
	}
	if t, ok := glyphs[name]; ok {
		return t
	}
	for _, prefix := range []string{"uni", "u"} {
		if hex, ok := strings.CutPrefix(name, prefix); ok && len(hex) >= 4 && len(hex) <= 6 {
			if n, err := strconv.ParseUint(hex, 16, 32); err == nil && utf8.ValidRune(rune(n)) {
				return string(rune(n))
			}
		}
	}
	// A letter with an accent is named so: eacute.
	if t, ok := accents[name[1:]]; ok {
		return norm.NFC.String(name[:1] + t)
	}
	return ""
}

var accents = map[string]string{
	"acute": "\u0301", "grave": "\u0300", "circumflex": "\u0302", "dieresis": "\u0308", "tilde": "\u0303",
	"ring": "\u030a", "cedilla": "\u0327", "caron": "\u030c", "macron": "\u0304", "ogonek": "\u0328", "breve": "\u0306", "dotaccent": "\u0307",
}

var glyphs = map[string]string{
	"space": " ", "nbspace": " ", "exclam": "!", "quotedbl": `"`, "numbersign": "#", "dollar": "$", "percent": "%", "ampersand": "&", "quotesingle": "'",
	"parenleft": "(", "parenright": ")", "asterisk": "*", "plus": "+", "comma": ",", "hyphen": "-", "minus": "-", "period": ".", "slash": "/",
	"zero": "0", "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9",
	"colon": ":", "semicolon": ";", "less": "<", "equal": "=", "greater": ">", "question": "?", "at": "@", "bracketleft": "[", "backslash": `\`,
	"bracketright": "]", "asciicircum": "^", "underscore": "_", "grave": "`", "braceleft": "{", "bar": "|", "braceright": "}", "asciitilde": "~",
	"quoteleft": "‘", "quoteright": "’", "quotedblleft": "“", "quotedblright": "”", "quotedblbase": "„", "quotesinglbase": "‚", "guillemotleft": "«",
	"guillemotright": "»", "endash": "–", "emdash": "—", "bullet": "•", "ellipsis": "…", "degree": "°", "section": "§", "paragraph": "¶",
	"Euro": "€", "sterling": "£", "yen": "¥", "cent": "¢", "copyright": "©", "registered": "®", "trademark": "™", "multiply": "×", "divide": "÷",
	"plusminus": "±", "periodcentered": "·", "fi": "fi", "fl": "fl", "ff": "ff", "ffi": "ffi", "ffl": "ffl", "germandbls": "ß", "ae": "æ", "AE": "Æ",
	"oe": "œ", "OE": "Œ", "oslash": "ø", "Oslash": "Ø", "lslash": "ł", "Lslash": "Ł", "eth": "ð", "Eth": "Ð", "thorn": "þ", "Thorn": "Þ", "dotlessi": "ı",
	"questiondown": "¿", "exclamdown": "¡",
}
