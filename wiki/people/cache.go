package people

import (
	"cmp"
	"context"
	"database/sql"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// cache holds everybody and all access in memory, so that asking for a level
// costs a map look-up. It is changed only by whoever holds the writer, after the
// commit, and by reading anew what other processes wrote.
type cache struct {
	mu       sync.RWMutex
	people   map[string]*Person // by id; the values are never changed
	byHandle map[string]*Person
	byEmail  map[string]*Person
	access   map[string]*access // by prospect; the values are never changed
	// ends is not after the time when the next guest's ends, in milliseconds;
	// 0: none does.
	ends int64
	// lent says that a snapshot looks at the map access, which is then copied
	// before it is changed.
	lent atomic.Bool
	// blind says that the file cannot be read: nobody is known then.
	blind atomic.Bool
}

func (c *cache) reload(ctx context.Context, conn *sql.Conn) error {
	// One transaction, so that people and access are of one moment.
	if _, err := conn.ExecContext(ctx, "BEGIN"); err != nil {
		return readError(err)
	}
	defer func() { _, _ = conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK") }()
	people, err := readPeople(ctx, conn)
	if err != nil {
		return err
	}
	access, err := readAllAccess(ctx, conn)
	if err != nil {
		return err
	}
	byID := make(map[string]*Person, len(people))
	byHandle := make(map[string]*Person, len(people))
	byEmail := make(map[string]*Person, len(people))
	for _, p := range people {
		byID[p.ID], byHandle[p.Handle], byEmail[p.Email] = p, p, p
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.people, c.byHandle, c.byEmail, c.access = byID, byHandle, byEmail, access
	c.ends = 0
	for _, a := range access {
		c.noteEnds(a)
	}
	c.lent.Store(false)
	return nil
}

// put takes over rows as they were committed; nil access is none.
func (c *cache) put(people []*Person, prospects map[string]*access) {
	if len(people) == 0 && len(prospects) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, p := range people {
		if old := c.people[p.ID]; old != nil {
			delete(c.byHandle, old.Handle)
			delete(c.byEmail, old.Email)
		}
		c.people[p.ID], c.byHandle[p.Handle], c.byEmail[p.Email] = p, p, p
	}
	if len(prospects) > 0 && c.lent.Swap(false) {
		c.access = maps.Clone(c.access)
	}
	for name, a := range prospects {
		if a == nil {
			delete(c.access, name)
		} else {
			c.access[name] = a
			c.noteEnds(a)
		}
	}
}

// noteEnds brings ends forward to the first of these guests'; mu is held.
func (c *cache) noteEnds(a *access) {
	for _, g := range a.guests {
		if g.until != 0 && (c.ends == 0 || g.until < c.ends) {
			c.ends = g.until
		}
	}
}

func (c *cache) nextEnd() int64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.ends
}

// recountEnds finds when the next guest's time is over.
func (c *cache) recountEnds() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ends = 0
	for _, a := range c.access {
		c.noteEnds(a)
	}
}

func (c *cache) person(id string) *Person {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.blind.Load() {
		return nil
	}
	return c.people[id]
}

func (c *cache) find(by func(*cache) *Person) *Person {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return by(c)
}

func (c *cache) on(person, prospect string) (*Person, *access) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.blind.Load() {
		return nil, nil
	}
	return c.people[person], c.access[prospect]
}

// snapshot lends the map of access, which from now on nobody changes.
func (c *cache) snapshot(person string) (*Person, map[string]*access) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	if c.blind.Load() {
		return nil, nil
	}
	c.lent.Store(true)
	return c.people[person], c.access
}

func (c *cache) list() []Person {
	c.mu.RLock()
	all := make([]Person, 0, len(c.people))
	for _, p := range c.people {
		all = append(all, *p)
	}
	c.mu.RUnlock()
	slices.SortFunc(all, func(a, b Person) int {
		return cmp.Or(cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)), cmp.Compare(a.ID, b.ID))
	})
	return all
}
