package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"time"

	"dealwiki/web/inmail"
	"dealwiki/wiki/people"
)

// inboundConfig is what config.yaml says of mails that come in.
type inboundConfig struct {
	// Address is where mails are listened for, such as 127.0.0.1:2525.
	Address string `yaml:"address"`
	// Domain is what stands behind the @ of the addresses.
	Domain string `yaml:"domain"`
	// Protocol is smtp, also when it is left out, or lmtp.
	Protocol string `yaml:"protocol,omitempty"`
	// Certificate and Key are files in PEM, seen from the data folder; with
	// them STARTTLS is offered. They are read anew for each connection.
	Certificate string `yaml:"certificate,omitempty"`
	Key         string `yaml:"key,omitempty"`
	// MaxMB is the largest mail, in megabytes of 2^20 bytes; 25, the most, when
	// it is left out.
	MaxMB int `yaml:"max_mb,omitempty"`
	// PerMinute is how many mails of one host are taken in a minute; 60 when it
	// is left out.
	PerMinute int `yaml:"per_minute,omitempty"`
}

// check says what is wrong with the settings.
func (c *inboundConfig) check(dir string) error {
	if c == nil {
		return nil
	}
	if _, port, err := net.SplitHostPort(c.Address); err != nil || port == "" {
		return fmt.Errorf("address is where to listen, such as 127.0.0.1:2525, not %q", c.Address)
	}
	if _, err := people.NormalEmail("deal@" + c.Domain); err != nil || !strings.Contains(c.Domain, ".") {
		return fmt.Errorf("domain is what stands behind the @, such as deals.example.com, not %q", c.Domain)
	}
	switch {
	case c.Protocol != "" && c.Protocol != "smtp" && c.Protocol != "lmtp":
		return fmt.Errorf("protocol is smtp or lmtp, not %q", c.Protocol)
	case c.MaxMB < 0 || c.MaxMB > 25:
		return errors.New("max_mb is between 1 and 25")
	case c.PerMinute < 0 || c.PerMinute > 10_000:
		return errors.New("per_minute is between 1 and 10000")
	case (c.Certificate == "") != (c.Key == ""):
		return errors.New("certificate and key are given together")
	}
	if c.Certificate != "" {
		if _, err := c.certificate(dir); err != nil {
			return err
		}
	}
	return nil
}

func (c *inboundConfig) certificate(dir string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(inFolder(dir, c.Certificate), inFolder(dir, c.Key))
	if err != nil {
		return nil, fmt.Errorf("reading certificate and key: %w", err)
	}
	return &pair, nil
}

// makeMailbox makes what takes mails; without settings there is none.
func (s *server) makeMailbox(o options, c *inboundConfig) {
	if c == nil {
		return
	}
	conf := inmail.Config{Wiki: s.wiki, People: s.people, Log: s.talks, Domain: strings.ToLower(c.Domain), LMTP: c.Protocol == "lmtp", Logger: o.log, Now: o.now, MaxSize: int64(c.MaxMB) << 20, PerMinute: c.PerMinute}
	if c.Certificate != "" {
		conf.TLS = &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.certificate(o.data) }}
	}
	s.mailbox = inmail.New(conf)
}

// startMail listens for mails.
func (s *server) startMail(o options, c *inboundConfig) error {
	if s.mailbox == nil {
		return nil
	}
	l, err := net.Listen("tcp", c.Address)
	if err != nil {
		return fmt.Errorf("listening for mails on %s: %w", c.Address, err)
	}
	s.mailed = make(chan struct{})
	go func() {
		defer close(s.mailed)
		if err := s.mailbox.Serve(l); err != nil {
			o.log.Error("mails are taken no more", "err", err)
		}
	}()
	o.log.Info("taking mails", "address", l.Addr().String(), "domain", c.Domain)
	return nil
}

const drainMail = 3 * time.Second

// stopMail takes no more mails and waits for those under way.
func (s *server) stopMail(ctx context.Context) error {
	if s.mailbox == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, drainMail)
	defer cancel()
	err := s.mailbox.Close(ctx)
	if s.mailed != nil {
		<-s.mailed
	}
	return err
}

// checkInbound reads the settings of mails that come in.
func (c config) checkInbound(dir string) error {
	if err := c.InboundMail.check(dir); err != nil {
		return fmt.Errorf("%s: inbound_mail: %w", filepath.Join(dir, "config.yaml"), err)
	}
	return nil
}
