package main

import (
	"errors"
	"fmt"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dealwiki/web/notify"
)

// mailConfig is what config.yaml says of mail: a server, or a folder.
type mailConfig struct {
	From string `yaml:"from"`
	Host string `yaml:"host,omitempty"`
	Port int    `yaml:"port,omitempty"`
	User string `yaml:"user,omitempty"`
	// PasswordFile holds the password and nothing else, seen from the data
	// folder.
	PasswordFile string `yaml:"password_file,omitempty"`
	TLS          string `yaml:"tls,omitempty"`
	// Folder is where letters are written instead, seen from the data folder.
	Folder string `yaml:"folder,omitempty"`
}

// mailer makes of the configuration what sends letters; nil sends none. Links in
// letters begin with url.
func (c config) mailer(dir, url string) (*notify.Mail, error) {
	if c.Mail == nil {
		return nil, nil
	}
	m, err := c.Mail.open(dir, url)
	if err != nil {
		return nil, fmt.Errorf("%s: mail: %w", filepath.Join(dir, "config.yaml"), err)
	}
	return m, nil
}

func (c *mailConfig) open(dir, url string) (*notify.Mail, error) {
	from, err := mail.ParseAddress(c.From)
	if err != nil {
		return nil, fmt.Errorf("from is an address such as Deals <wiki@example.com>, not %q", c.From)
	}
	m := &notify.Mail{From: *from, URL: url, Zone: time.Local}
	if c.Folder != "" {
		if c.Host != "" || c.Port != 0 || c.User != "" || c.PasswordFile != "" || c.TLS != "" {
			return nil, errors.New("give either folder or the settings of a mail server, not both")
		}
		if m.URL == "" {
			m.URL = "http://localhost"
		}
		m.Sender, err = notify.NewFolder(inFolder(dir, c.Folder))
		return m, err
	}
	if url == "" {
		return nil, errors.New("links in mails need the public address; start with -url https://wiki.example.com")
	}
	s := notify.SMTP{Host: c.Host, Port: c.Port, User: c.User, TLS: c.TLS}
	if c.PasswordFile != "" {
		secret, err := os.ReadFile(inFolder(dir, c.PasswordFile))
		if err != nil {
			return nil, fmt.Errorf("reading password_file: %w", err)
		}
		if s.Password = strings.TrimRight(string(secret), "\r\n"); s.Password == "" {
			return nil, errors.New("password_file is empty")
		}
	}
	m.Sender, err = notify.NewSMTP(s)
	return m, err
}

// inFolder is a path as it is seen from a folder.
func inFolder(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}
