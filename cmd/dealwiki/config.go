package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"gopkg.in/yaml.v3"
)

// config is what DIR/config.yaml may say. Every field may be left out.
type config struct {
	// Company is our company's name, as staff and customers read it.
	Company string `yaml:"company,omitempty"`
	// MaxFileMB is the largest attachment, in megabytes of 2^20 bytes; 50
	// when it is left out, at most 1024.
	MaxFileMB int `yaml:"max_file_mb,omitempty"`
	// MaxPushMB is the largest push by git as it is sent, in megabytes of 2^20
	// bytes; 256 when it is left out, at most 2048.
	MaxPushMB int `yaml:"max_push_mb,omitempty"`
	// Live bounds live editing.
	Live liveConfig `yaml:"live,omitempty"`
	// Mail is how letters leave; without it none do.
	Mail *mailConfig `yaml:"mail,omitempty"`
	// SignOn is how staff sign in; without it by passwords and links.
	SignOn *signOnConfig `yaml:"sign_on,omitempty"`
	// InboundMail is how mails for logs come in; without it none do.
	InboundMail *inboundConfig `yaml:"inbound_mail,omitempty"`
}

// readConfig reads config.yaml in a data folder; an absent one is empty.
func readConfig(dir string) (config, error) {
	var c config
	name := filepath.Join(dir, "config.yaml")
	data, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err != nil {
		return c, fmt.Errorf("reading the configuration: %w", err)
	}
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return c, fmt.Errorf("%s cannot be read; mend it and start again: %w", name, err)
	}
	if c.MaxFileMB < 0 || c.MaxFileMB > 1024 {
		return c, fmt.Errorf("%s: max_file_mb is between 1 and 1024", name)
	}
	if c.MaxPushMB < 0 || c.MaxPushMB > 2048 {
		return c, fmt.Errorf("%s: max_push_mb is between 1 and 2048", name)
	}
	if err := c.Live.check(); err != nil {
		return c, fmt.Errorf("%s: %w", name, err)
	}
	return c, nil
}

func (c config) maxFile() int64 { return int64(c.MaxFileMB) << 20 }
func (c config) maxPush() int64 { return int64(c.MaxPushMB) << 20 }
