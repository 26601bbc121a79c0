package maillog

import (
	"bytes"
	"fmt"
	"mime"
	"net/mail"
	"path"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"dealwiki/wiki"
)

// Message is a mail as the log keeps it. Everything in it comes from outside.
type Message struct {
	ID          string // Message-ID without brackets; "" when there is none
	InReplyTo   string
	References  []string // oldest first
	Subject     string
	Date        time.Time // zero when the mail does not say
	From        []Address
	To          []Address
	Cc          []Address
	Text        string // plain text in UTF-8, lines ended by \n
	Cut         bool   // there was more text
	Attachments []Attachment
	Left        int // attachments that were left out
}

// Address is somebody as a mail names them.
type Address struct {
	Name string // may be ""
	Mail string
}

// Attachment is a file that came with a mail. Its name can be kept as it is.
type Attachment struct {
	Name string
	Data []byte
}

// Limits of a mail, checked before and while it is read.
const (
	maxHead        = 256 << 10 // bytes of its header
	maxParts       = 500       // leaves or not
	maxPartDepth   = 20
	maxMailText    = 512 << 10
	maxMailHTML    = 4 << 20
	maxAttachments = 50
	maxReferences  = 30
	maxAddresses   = 50
)

// ParseMessage reads a mail. A mail that cannot be one, or is past a limit, is
// refused with *wiki.Invalid, which says what to do; whatever is malformed inside
// is passed over.
func ParseMessage(raw []byte) (*Message, error) {
	if err := checkMail(raw); err != nil {
		return nil, err
	}
	h, parts, err := readMail(raw)
	if err != nil {
		return nil, err
	}
	m := &Message{ID: bareID(h.Get("Message-ID")), Subject: clip(oneLine(decodeWords(h.Get("Subject"))), 150)}
	if ids := messageIDs(h.Get("In-Reply-To")); len(ids) > 0 {
		m.InReplyTo = ids[0]
	}
	m.References = messageIDs(h.Get("References"))
	if n := len(m.References); n > maxReferences {
		// The first is where the thread began, the last are what was answered.
		m.References = append(m.References[:1:1], m.References[n-maxReferences+1:]...)
	}
	if at, err := mail.ParseDate(h.Get("Date")); err == nil {
		m.Date = at.UTC()
	}
	m.From, m.To, m.Cc = addresses(h, "From"), addresses(h, "To"), addresses(h, "Cc")
	var text, page strings.Builder
	var files []part
	for _, p := range parts {
		switch {
		case p.kind == "text/html" && !p.attached && p.name == "" && page.Len() < maxMailHTML:
			page.Write(p.data)
		case (p.kind == "text/plain" || p.kind == "") && !p.attached && p.name == "" && text.Len() < maxMailText:
			text.Write(p.data)
			text.WriteByte('\n')
		default:
			files = append(files, p)
		}
	}
	m.Text = plain(text.String())
	if strings.TrimSpace(m.Text) == "" && page.Len() > 0 {
		html := page.String()
		m.Text = plain(textOfHTML(html[:min(len(html), maxMailHTML)]))
	}
	m.Text = strings.Trim(m.Text, "\n")
	if len(m.Text) > maxMailText {
		m.Text, m.Cut = strings.ToValidUTF8(m.Text[:maxMailText], ""), true
	}
	m.attach(files)
	if m.ID == "" && m.Subject == "" && m.Date.IsZero() && len(m.From) == 0 {
		return nil, notMail("It has neither a sender nor a date nor a subject. Save a mail as .eml and add that.")
	}
	return m, nil
}

func notMail(problem string) error {
	return &wiki.Invalid{Field: "mail", Problem: "is not one that can be kept. " + problem}
}

// checkMail bounds the work of reading a mail by what can be counted.
func checkMail(raw []byte) error {
	head := raw
	for _, end := range []string{"\n\n", "\n\r\n", "\r\r"} {
		if i := bytes.Index(head, []byte(end)); i >= 0 {
			head = head[:i]
		}
	}
	switch {
	case len(bytes.TrimSpace(raw)) == 0:
		return notMail("It is empty.")
	case len(head) > maxHead:
		return notMail(fmt.Sprintf("Its header is larger than %d kB.", maxHead>>10))
	case !bytes.Contains(head, []byte(":")):
		return notMail("It has no header. Save a mail as .eml and add that.")
	}
	return nil
}

// messageIDs reads a list of Message-IDs.
func messageIDs(s string) []string {
	var out []string
	for part := range strings.FieldsFuncSeq(s[:min(len(s), 64<<10)], func(r rune) bool { return r == ' ' || r == '\t' || r == ',' || r == '\r' || r == '\n' }) {
		for id := range strings.SplitSeq(part, "><") {
			if id = bareID(id); id != "" {
				out = append(out, id)
			}
		}
	}
	return out
}

// addresses reads a list of people, as far as it can be read.
func addresses(h mail.Header, key string) []Address {
	parser := mail.AddressParser{WordDecoder: words}
	// A header that comes twice names all whom it names: the first must not hide
	// the others from whoever asks who wrote the mail.
	value := strings.Join(h[key], ", ")
	list, err := parser.ParseList(value)
	if err != nil {
		// What is not an address list is kept as one name.
		if s := clip(oneLine(decodeWords(value)), 100); s != "" {
			return []Address{{Name: s}}
		}
		return nil
	}
	var out []Address
	for _, a := range list[:min(len(list), maxAddresses)] {
		out = append(out, Address{Name: clip(oneLine(a.Name), 100), Mail: clip(oneLine(a.Address), 200)})
	}
	return out
}

// plain makes lines of a text that hold nothing hidden.
func plain(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n", "\u00a0", " ").Replace(s)
	return strings.Map(func(r rune) rune {
		if r != '\n' && r != '\t' && hidden(r) {
			return -1
		}
		return r
	}, s)
}

// attach takes the files that came with a mail.
func (m *Message) attach(files []part) {
	taken := map[string]bool{}
	for _, p := range files {
		if len(p.data) == 0 {
			continue
		}
		if len(m.Attachments) == maxAttachments {
			m.Left++
			continue
		}
		base := fileName(p.name, p.kind, len(m.Attachments)+1)
		name, ext := base, path.Ext(base)
		for i := 2; taken[strings.ToLower(name)]; i++ {
			name = fmt.Sprintf("%s-%d%s", strings.TrimSuffix(base, ext), i, ext)
		}
		taken[strings.ToLower(name)] = true
		m.Attachments = append(m.Attachments, Attachment{Name: name, Data: p.data})
	}
}

const maxName = 100 // bytes of an attachment's name; numbers may be added

// fileName makes a name that can be kept of one that a mail gives: its last
// part, without what a file system, browser or person could misread.
func fileName(name, contentType string, n int) string {
	name = norm.NFC.String(strings.ToValidUTF8(name, ""))
	if i := strings.LastIndexAny(name, `/\`); i >= 0 {
		name = name[i+1:]
	}
	name = strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune(`:*?"<>|%#`, r) || unicode.IsSpace(r):
			return '-'
		case unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError || hidden(r):
			return -1
		}
		return r
	}, name)
	name = strings.Trim(name, "-. ")
	ext := path.Ext(name)
	if len(ext) > 12 {
		ext = ""
	}
	stem := strings.TrimSuffix(name, ext)
	for len(stem)+len(ext) > maxName {
		_, size := utf8.DecodeLastRuneInString(stem)
		stem = stem[:len(stem)-size]
	}
	name = strings.TrimRight(stem, "-. ") + ext
	if name != "" && ext == "" && contentType == "message/rfc822" {
		name += ".eml"
	}
	if (wiki.File{Section: wiki.Internal, Stage: wiki.StageLog, Name: name}).Check() == nil {
		return name
	}
	if ext == "" {
		ext = extensionOf(contentType)
	}
	fallback := fmt.Sprintf("attachment-%d%s", n, ext)
	if (wiki.File{Section: wiki.Internal, Stage: wiki.StageLog, Name: fallback}).Check() == nil {
		return fallback
	}
	return fmt.Sprintf("attachment-%d.bin", n)
}

func extensionOf(contentType string) string {
	switch contentType {
	case "message/rfc822":
		return ".eml"
	case "image/jpeg":
		return ".jpg"
	case "text/plain":
		return ".txt"
	case "text/calendar":
		return ".ics"
	}
	if all, err := mime.ExtensionsByType(contentType); err == nil && len(all) > 0 {
		return all[0]
	}
	return ".bin"
}
