package main

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"

	"dealwiki/web"
	"dealwiki/web/signon"
	"dealwiki/wiki/people"
)

// signOnConfig is what config.yaml says of how staff sign in.
type signOnConfig struct {
	// Help is a sentence on the sign-in page, such as whom to call.
	Help string `yaml:"help,omitempty"`
	// Passwords is who signs in by a password: everybody, or admins when there is
	// a provider for the others.
	Passwords string `yaml:"passwords,omitempty"`
	// TwoStep is who must sign in by two steps where they do not come by the
	// provider: nobody, admins or everybody.
	TwoStep  string          `yaml:"two_step,omitempty"`
	Provider *providerConfig `yaml:"provider,omitempty"`
}

// providerConfig is a provider that speaks OpenID Connect.
type providerConfig struct {
	Name     string `yaml:"name,omitempty"`
	Issuer   string `yaml:"issuer"`
	ClientID string `yaml:"client_id"`
	// ClientSecretFile holds the secret and nothing else, seen from the data
	// folder.
	ClientSecretFile string   `yaml:"client_secret_file,omitempty"`
	Scopes           []string `yaml:"scopes,omitempty"`
	GroupsClaim      string   `yaml:"groups_claim,omitempty"`
	// Roles are what groups stand for: admin or member.
	Roles   map[string]string `yaml:"roles,omitempty"`
	Create  bool              `yaml:"create,omitempty"`
	Domains []string          `yaml:"domains,omitempty"`
}

// maxHelp is the longest help, in characters.
const maxHelp = 200

// signOn makes of the configuration how staff sign in. Who starts with a provider
// closes it.
func (c config) signOn(dir, url string, now func() time.Time, log *slog.Logger) (web.SignOn, error) {
	if c.SignOn == nil {
		return web.SignOn{}, nil
	}
	s, err := c.SignOn.open(dir, url, now, log)
	if err != nil {
		return s, fmt.Errorf("%s: sign_on: %w", filepath.Join(dir, "config.yaml"), err)
	}
	return s, nil
}

func (c *signOnConfig) open(dir, url string, now func() time.Time, log *slog.Logger) (web.SignOn, error) {
	s := web.SignOn{Help: strings.TrimSpace(c.Help)}
	if utf8.RuneCountInString(s.Help) > maxHelp || strings.ContainsAny(s.Help, "\r\n") {
		return s, fmt.Errorf("help is one line of at most %d characters", maxHelp)
	}
	switch c.TwoStep {
	case "", "nobody":
	case web.TwoStepsAdmins, web.TwoStepsEverybody:
		s.TwoSteps = c.TwoStep
	default:
		return s, fmt.Errorf("two_step is nobody, admins or everybody, not %q", c.TwoStep)
	}
	switch c.Passwords {
	case "", "everybody":
	case "admins":
		if c.Provider == nil {
			return s, errors.New("passwords can be left to admins only where a provider signs in the others")
		}
		s.AdminPasswords = true
	default:
		return s, fmt.Errorf("passwords is everybody or admins, not %q", c.Passwords)
	}
	if c.Provider == nil {
		return s, nil
	}
	if err := c.Provider.open(&s, dir, url, now, log); err != nil {
		return s, fmt.Errorf("provider: %w", err)
	}
	return s, nil
}

func (c *providerConfig) open(s *web.SignOn, dir, url string, now func() time.Time, log *slog.Logger) error {
	if url == "" && strings.HasPrefix(c.Issuer, "https:") {
		return errors.New("the provider sends browsers back to the public address; start with -url https://wiki.example.com")
	}
	if len(c.Roles) > 0 {
		if c.GroupsClaim == "" {
			return errors.New("roles go by groups; name the claim that lists them as groups_claim, such as groups")
		}
		s.Roles = map[string]people.Role{}
		for group, role := range c.Roles {
			if role != string(people.Admin) && role != string(people.Member) {
				return fmt.Errorf("roles: the group %q stands for admin or member, not %q", group, role)
			}
			s.Roles[group] = people.Role(role)
		}
	}
	if len(c.Domains) > 0 && !c.Create {
		return errors.New("domains say whose accounts are made; set create: true or leave them out")
	}
	for _, d := range c.Domains {
		if _, err := people.NormalEmail("x@" + d); err != nil {
			return fmt.Errorf("domains: %q is not a domain such as example.com", d)
		}
	}
	if c.Create && len(c.Domains) == 0 && len(c.Roles) == 0 {
		return errors.New("create lets in everybody whom the provider knows; say who by domains or roles")
	}
	s.Create, s.Domains = c.Create, c.Domains
	p := signon.Config{Name: strings.TrimSpace(c.Name), Issuer: c.Issuer, ClientID: c.ClientID, Scopes: c.Scopes, GroupsClaim: c.GroupsClaim, Now: now, Logger: log}
	if utf8.RuneCountInString(p.Name) > 40 {
		return errors.New("name has at most 40 characters")
	}
	if c.ClientSecretFile != "" {
		secret, err := os.ReadFile(inFolder(dir, c.ClientSecretFile))
		if err != nil {
			return fmt.Errorf("reading client_secret_file: %w", err)
		}
		if p.ClientSecret = strings.TrimRight(string(secret), "\r\n"); p.ClientSecret == "" {
			return errors.New("client_secret_file is empty")
		}
	}
	var err error
	s.Provider, err = signon.New(p)
	return err
}
