package extract

import (
	"errors"
	"fmt"
	"path"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// Limits of one file.
const (
	MaxInput = 32 << 20 // bytes of the file itself
	MaxText  = 4 << 20  // bytes of text over all parts
	MaxParts = 500      // pages, slides or sheets

	maxUnpacked = 64 << 20 // bytes unpacked from one file, over everything read
	maxEntries  = 10_000   // entries of a zip archive
	maxTokens   = 4 << 20  // XML tokens read from one file
)

var (
	// ErrUnsupported is a kind of file whose text cannot be read.
	ErrUnsupported = errors.New("text of this kind of file cannot be read")
	// ErrTooLarge is a file past MaxInput, or one that unpacks to too much.
	ErrTooLarge = errors.New("file is too large to be read")
	// ErrFormat is a file that is damaged or is not what its name says.
	ErrFormat = errors.New("file is damaged or not what its name says")
)

// Part is the text of one page, slide or sheet.
type Part struct {
	Label string // "Page 3", "Slide 2", a sheet's name; "" for a whole file
	Text  string // UTF-8, lines end in \n
}

type reader func(data []byte) ([]Part, error)

func readerOf(name string) reader {
	switch strings.ToLower(path.Ext(name)) {
	case ".pdf":
		return pdfParts
	case ".docx", ".docm":
		return docxParts
	case ".pptx", ".pptm":
		return pptxParts
	case ".xlsx", ".xlsm":
		return xlsxParts
	case ".csv", ".tsv", ".txt", ".text", ".log", ".md", ".markdown", ".json", ".yaml", ".yml":
		return textParts
	}
	return nil
}

// Parts returns the text of a file, in order; parts without text are left
// out. The name decides how it is read. Errors are or wrap ErrUnsupported,
// ErrTooLarge or ErrFormat.
func Parts(name string, data []byte) (parts []Part, err error) {
	read := readerOf(name)
	if read == nil {
		return nil, ErrUnsupported
	}
	if len(data) > MaxInput {
		return nil, ErrTooLarge
	}
	// The readers check what they use; a mistake in one of them must not
	// take the server down over somebody's file.
	defer func() {
		if r := recover(); r != nil {
			parts, err = nil, fmt.Errorf("%w (%v)", ErrFormat, r)
		}
	}()
	return read(data)
}

// collector gathers parts within the limits.
type collector struct {
	parts []Part
	size  int
}

// full tells that nothing more can be taken.
func (c *collector) full() bool { return len(c.parts) >= MaxParts || c.size >= MaxText }

func (c *collector) add(label, text string) {
	if c.full() {
		return
	}
	text = tidy(text)
	if room := MaxText - c.size; len(text) > room {
		text = cut(text, room)
	}
	if text == "" {
		return
	}
	c.size += len(text)
	c.parts = append(c.parts, Part{Label: label, Text: text})
}

// tidy drops what is no text and trims every line.
func tidy(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\v' || r == '\f' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r < ' ' || r == 0x7f || r == '\u00ad':
			return -1
		}
		return r
	}, s)
	lines := strings.Split(s, "\n")
	out := lines[:0]
	for _, l := range lines {
		l = strings.TrimSpace(l)
		if l == "" && (len(out) == 0 || out[len(out)-1] == "") {
			continue
		}
		out = append(out, l)
	}
	return strings.TrimSpace(strings.Join(out, "\n"))
}

// cut shortens s to at most n bytes at the end of a rune.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// decodeText makes UTF-8 of a text file: by its byte order mark, else UTF-8,
// else what Windows wrote in western Europe.
func decodeText(data []byte) string {
	switch {
	case len(data) >= 3 && string(data[:3]) == "\xef\xbb\xbf":
		return string(data[3:])
	case len(data) >= 2 && (string(data[:2]) == "\xff\xfe" || string(data[:2]) == "\xfe\xff"):
		dec := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewDecoder()
		if out, err := dec.Bytes(data); err == nil {
			return string(out)
		}
	case !utf8.Valid(data):
		if out, err := charmap.Windows1252.NewDecoder().Bytes(data); err == nil {
			return string(out)
		}
	}
	return string(data)
}

func textParts(data []byte) ([]Part, error) {
	if len(data) > 2*MaxText {
		data = data[:2*MaxText]
	}
	text := decodeText(data)
	if strings.ContainsRune(text, 0) {
		return nil, fmt.Errorf("%w: it holds bytes that are no text", ErrFormat)
	}
	var c collector
	c.add("", text)
	return c.parts, nil
}
