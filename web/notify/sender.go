package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// ErrRefused says that a mail server will never take a letter for its receiver.
var ErrRefused = errors.New("the receiver is refused")

// Sender takes letters. One goroutine uses it.
type Sender interface {
	// Send hands on one letter. ErrRefused is for good; all else is tried again.
	Send(ctx context.Context, m *gomail.Msg) error
}

// How a connection to a mail server is protected.
const (
	StartTLS = "starttls" // required; the usual port is 587
	TLS      = "tls"      // from the first byte; the usual port is 465
	NoTLS    = "none"     // the usual port is 25; only without a password
)

// SMTP is how a mail server is reached.
type SMTP struct {
	Host     string // required
	Port     int    // 0 is the usual one
	User     string // "": no sign-in
	Password string
	TLS      string // "" is StartTLS
}

// permanent is the first of the replies of a mail server that are for good.
const permanent = 500

// slowMail is how long a mail server may take for one letter.
const slowMail = time.Minute

// NewSMTP makes a sender of a mail server's settings. It does not connect.
func NewSMTP(s SMTP) (Sender, error) {
	port := map[string]int{"": gomail.DefaultPortTLS, StartTLS: gomail.DefaultPortTLS, TLS: gomail.DefaultPortSSL, NoTLS: gomail.DefaultPort}[s.TLS]
	switch {
	case port == 0:
		return nil, fmt.Errorf("tls is %s, %s or %s, not %q", StartTLS, TLS, NoTLS, s.TLS)
	case s.Host == "" || strings.ContainsAny(s.Host, " /@:\r\n"):
		return nil, fmt.Errorf("host is the name of the mail server, such as smtp.example.com, not %q", s.Host)
	case s.Port < 0 || s.Port > 65535:
		return nil, errors.New("port is between 1 and 65535")
	case (s.User == "") != (s.Password == ""):
		return nil, errors.New("user and password_file belong together; give both or none")
	case s.TLS == NoTLS && s.User != "":
		return nil, errors.New("a password is not sent without protection; set tls to starttls or tls")
	}
	if s.Port != 0 {
		port = s.Port
	}
	options := []gomail.Option{gomail.WithPort(port), gomail.WithTimeout(slowMail / 2)}
	switch s.TLS {
	case TLS:
		options = append(options, gomail.WithSSL())
	case NoTLS:
		options = append(options, gomail.WithTLSPolicy(gomail.NoTLS))
	default:
		options = append(options, gomail.WithTLSPolicy(gomail.TLSMandatory))
	}
	if s.User != "" {
		options = append(options, gomail.WithSMTPAuth(gomail.SMTPAuthAutoDiscover), gomail.WithUsername(s.User), gomail.WithPassword(s.Password))
	}
	if _, err := gomail.NewClient(s.Host, options...); err != nil {
		return nil, fmt.Errorf("setting up mail: %w", err)
	}
	return smtp{host: s.Host, options: options, implicit: s.TLS == TLS}, nil
}

type smtp struct {
	host     string
	options  []gomail.Option
	implicit bool // TLS from the first byte
}

func (s smtp) Send(ctx context.Context, m *gomail.Msg) error {
	ctx, cancel := context.WithTimeout(ctx, slowMail)
	defer cancel()
	options := s.options
	if !s.implicit {
		// The client looks at ctx only while it connects; a server that says nothing
		// would keep us from stopping. (With TLS from the first byte it has to connect
		// itself to know that it is protected; there it waits for its own timeout.)
		release := func() bool { return true }
		defer func() { release() }()
		options = append(slices.Clone(options), gomail.WithDialContextFunc(func(dial context.Context, network, address string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(dial, network, address)
			if err == nil {
				release = context.AfterFunc(ctx, func() { conn.Close() })
			}
			return conn, err
		}))
	}
	client, err := gomail.NewClient(s.host, options...)
	if err != nil {
		return fmt.Errorf("setting up mail: %w", err)
	}
	err = client.DialAndSendWithContext(ctx, m)
	if m.IsDelivered() {
		return nil // the server has it, however the connection ended
	}
	if failed, ok := errors.AsType[*gomail.SendError](err); ok && failed.Reason == gomail.ErrSMTPRcptTo && failed.ErrorCode() >= permanent {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return err
}

// NewFolder makes a sender that writes each letter into a folder, as an .eml
// file, and sends nothing: for development. The folder is made when it is
// missing.
func NewFolder(dir string) (Sender, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder for mail: %w", err)
	}
	// A folder that cannot be written is told now, not with the first letter.
	f, err := os.CreateTemp(dir, ".try-*")
	if err != nil {
		return nil, fmt.Errorf("trying the folder for mail: %w", err)
	}
	return folder(dir), errors.Join(f.Close(), os.Remove(f.Name()))
}

type folder string

func (dir folder) Send(_ context.Context, m *gomail.Msg) (err error) {
	f, err := os.CreateTemp(string(dir), ".letter-*")
	if err != nil {
		return fmt.Errorf("writing a letter: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = m.WriteTo(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing a letter: %w", err)
	}
	id, _, _ := strings.Cut(strings.Trim(m.GetMessageID(), "<>"), "@")
	return os.Rename(f.Name(), filepath.Join(string(dir), filepath.Base(id)+".eml"))
}
