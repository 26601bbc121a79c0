package maillog

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
)

// The MIME of a mail is walked with the standard library's readers: one pass
// over the bytes, bounded in parts and depth, where a tolerant reader tries each
// unclosed level twice and doubles its work with each.

// part is a leaf of a mail.
type part struct {
	kind     string // media type, lower case
	name     string // as the mail has it; may be ""
	attached bool   // by its disposition
	data     []byte // decoded; text in UTF-8
}

var errTooManyParts = errors.New("too many parts")

// readMail reads the header and the leaves of a mail. What is malformed ends its
// part; what was read before is kept.
func readMail(raw []byte) (mail.Header, []part, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(mendHeader(raw)))
	if err != nil {
		return nil, nil, notMail("Its header cannot be read. Save the mail again as .eml, or write an entry by hand.")
	}
	w := &walker{}
	switch err := w.walk(textproto.MIMEHeader(msg.Header), msg.Body, 0); {
	case errors.Is(err, errTooManyParts):
		return nil, nil, notMail("It has too many parts.")
	case errors.Is(err, errTooDeep):
		return nil, nil, notMail("It is nested too deep.")
	}
	return msg.Header, w.parts, nil
}

// mendHeader drops lines before the body that are no header lines, such as the
// first line of a mailbox file.
func mendHeader(raw []byte) []byte {
	var out bytes.Buffer
	rest := raw
	kept := false
	for len(rest) > 0 {
		line := rest
		if i := bytes.IndexByte(rest, '\n'); i >= 0 {
			line = rest[:i+1]
		}
		bare := bytes.TrimRight(line, "\r\n")
		if len(bare) == 0 {
			if out.Len() == 0 { // empty lines before the header
				rest = rest[len(line):]
				continue
			}
			break
		}
		switch {
		case bare[0] == ' ' || bare[0] == '\t':
			if kept {
				out.Write(bare)
				out.WriteString("\r\n")
			}
		default:
			i := bytes.IndexByte(bare, ':')
			if kept = i > 0 && !bytes.ContainsAny(bare[:i], " \t") && isToken(bare[:i]); kept {
				out.Write(bare)
				out.WriteString("\r\n")
			}
		}
		rest = rest[len(line):]
	}
	if bytes.HasPrefix(bytes.TrimLeft(rest, "\r"), []byte("\n")) {
		out.Write(rest)
	} else {
		out.WriteString("\r\n")
	}
	return out.Bytes()
}

func isToken(b []byte) bool {
	for _, c := range b {
		if c <= ' ' || c >= 0x7f {
			return false
		}
	}
	return true
}

type walker struct {
	parts []part
	seen  int // parts of parts, leaves or not
}

var errTooDeep = errors.New("nested too deep")

func (w *walker) walk(h textproto.MIMEHeader, body io.Reader, depth int) error {
	if w.seen++; w.seen > maxParts {
		return errTooManyParts
	}
	if depth > maxPartDepth {
		return errTooDeep
	}
	kind, params := mediaType(h.Get("Content-Type"))
	if strings.HasPrefix(kind, "multipart/") && params["boundary"] != "" {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err != nil {
				return nil // the end, or what cannot be read further
			}
			if err := w.walk(p.Header, p, depth+1); err != nil {
				return err
			}
		}
	}
	disposition, dparams := mediaType(h.Get("Content-Disposition"))
	name := dparams["filename"]
	if name == "" {
		name = params["name"]
	}
	p := part{kind: kind, name: decodeWords(name), attached: disposition == "attachment"}
	p.data = decode(h.Get("Content-Transfer-Encoding"), body)
	if strings.HasPrefix(kind, "text/") && !p.attached {
		p.data = toUTF8(p.data, params["charset"])
	}
	w.parts = append(w.parts, p)
	return nil
}

// mediaType reads a type with its parameters, as far as it can be read.
func mediaType(s string) (string, map[string]string) {
	kind, params, err := mime.ParseMediaType(s)
	if err == nil || errors.Is(err, mime.ErrInvalidMediaParameter) {
		return kind, params
	}
	kind, _, _ = strings.Cut(s, ";")
	if kind = strings.ToLower(strings.TrimSpace(kind)); kind == "" || strings.HasPrefix(kind, "multipart/") {
		kind = "text/plain"
	}
	return kind, nil
}

// decode undoes a transfer encoding; what follows a mistake is left out.
func decode(encoding string, body io.Reader) []byte {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, &base64Letters{r: body})
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	}
	data, _ := io.ReadAll(body) // bounded by the mail; a mistake ends it
	return data
}

// base64Letters leaves out what is not base64.
type base64Letters struct{ r io.Reader }

func (b *base64Letters) Read(p []byte) (int, error) {
	for {
		n, err := b.r.Read(p)
		kept := 0
		for _, c := range p[:n] {
			if c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '+' || c == '/' || c == '=' {
				p[kept] = c
				kept++
			}
		}
		if kept > 0 || err != nil {
			return kept, err
		}
	}
}

// toUTF8 reads text in the character set that it names. Text in none that is
// known is read as UTF-8, or else as western European.
func toUTF8(data []byte, name string) []byte {
	if name == "" || strings.EqualFold(name, "us-ascii") {
		if utf8.Valid(data) {
			return data
		}
		name = "windows-1252"
	}
	enc, known := charset.Lookup(name)
	if enc == nil || known == "replacement" {
		return data
	}
	out, err := enc.NewDecoder().Bytes(data)
	if err != nil {
		return data
	}
	return out
}

var words = &mime.WordDecoder{CharsetReader: func(name string, r io.Reader) (io.Reader, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	return bytes.NewReader(toUTF8(data, name)), nil
}}

// decodeWords reads encoded words in a header's text.
func decodeWords(s string) string {
	out, err := words.DecodeHeader(s)
	if err != nil {
		return s
	}
	return string(toUTF8([]byte(out), ""))
}
