package main

import (
	"fmt"

	"dealwiki/realtime"
)

// liveConfig bounds what people can make live editing do. Zero fields have
// defaults.
type liveConfig struct {
	// MaxMessageKB is the largest message that a browser may send, in kilobytes
	// of 2^10 bytes; 2048 when it is left out. A page has 1 MB and its past comes
	// with it, so that less than 1536 would keep people from pasting or bringing
	// back a long one; a message can take a hundred times its size in memory.
	MaxMessageKB int `yaml:"max_message_kb,omitempty"`
	// MessagesPerSecond is how many messages one window may send in the long
	// run, Burst how many at once; 500 and 2,000 when they are left out.
	MessagesPerSecond int `yaml:"messages_per_second,omitempty"`
	Burst             int `yaml:"burst,omitempty"`
	// PagesPerPerson is how many pages one person may have open for editing at
	// once, over all windows; 100 when it is left out.
	PagesPerPerson int `yaml:"pages_per_person,omitempty"`
}

// check says what is wrong with the settings.
func (c liveConfig) check() error {
	for _, one := range []struct {
		name       string
		value      int
		least, top int
	}{
		{"max_message_kb", c.MaxMessageKB, 1536, 8192},
		{"messages_per_second", c.MessagesPerSecond, 20, 10_000},
		{"burst", c.Burst, 100, 100_000},
		{"pages_per_person", c.PagesPerPerson, 5, 10_000},
	} {
		if one.value != 0 && (one.value < one.least || one.value > one.top) {
			return fmt.Errorf("live: %s is between %d and %d", one.name, one.least, one.top)
		}
	}
	if l := c.limits(); l.Burst != 0 && l.Burst < l.Messages {
		return fmt.Errorf("live: burst is no smaller than messages_per_second, which is %d", l.Messages)
	}
	return nil
}

// limits are the settings as live editing takes them.
func (c liveConfig) limits() realtime.Limits {
	var l realtime.Limits
	l.Document.MaxMessage = c.MaxMessageKB << 10
	l.Messages, l.Burst, l.Sockets = c.MessagesPerSecond, c.Burst, c.PagesPerPerson
	if l.Messages > 2000 && l.Burst == 0 {
		l.Burst = l.Messages
	}
	return l
}
