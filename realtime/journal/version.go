package journal

import (
	"bytes"
	"compress/flate"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"sync"
)

const (
	// maxChain is how many differences a state is put together from at most.
	maxChain = 64
	// maxState is how many bytes a state has at most. Pages end at 1 MB of
	// text, their states long before this.
	maxState = 256 << 20
)

// A packed version is one as the file holds it.
type packed struct {
	hash   string
	base   sql.NullInt64
	chain  int
	weight int
	size   int
	sum    uint32
	data   []byte
}

// querier is a connection or a transaction that reads.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// pack prepares a version to be written: as the difference from the newest one
// of the document if that is the shorter.
func (j *Journal) pack(ctx context.Context, document int64, v Version) (*packed, error) {
	if v.Commit == "" {
		return nil, errors.New("keeping a version: it has no commit")
	}
	if len(v.State) > maxState {
		return nil, fmt.Errorf("keeping version %s: its state has %d bytes, more than %d", v.Commit, len(v.State), maxState)
	}
	p := &packed{hash: v.Commit, size: len(v.State), sum: checksum(v.State)}
	var last sql.NullInt64
	if document != 0 {
		err := j.readers.QueryRowContext(ctx, "SELECT last FROM document WHERE id = ?", document).Scan(&last)
		if errors.Is(err, sql.ErrNoRows) {
			return nil, ErrUnknown
		}
		if err != nil {
			return nil, fmt.Errorf("keeping version %s: %w", v.Commit, err)
		}
	}
	if last.Valid {
		base, state, err := j.unpack(ctx, j.readers, last.Int64)
		switch {
		case errors.Is(err, ErrDamaged):
			// Nothing may be built on it; a whole state stands on its own.
			j.log.Error("a version's state is damaged", "error", err, "document", document)
		case err != nil:
			return nil, fmt.Errorf("keeping version %s: %w", v.Commit, err)
		case base.chain < maxChain:
			delta := j.packer.squeeze(diff(state, v.State))
			if weight := base.weight + len(delta); weight < len(v.State)/2 {
				p.base, p.chain, p.weight, p.data = last, base.chain+1, weight, delta
				return p, nil
			}
		}
	}
	p.data = j.packer.squeeze(v.State)
	return p, nil
}

// put writes a packed version and answers its id, 0 if the commit's state was
// known before. (The first stays: others may be differences from it.) An edit of
// a version before it is there by now, or never will be.
func (t *tx) put(document int64, p *packed, upto int64) (int64, error) {
	id, err := t.insert(`INSERT INTO version (document, hash, upto, base, chain, weight, size, sum, data)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
		document, p.hash, upto, p.base, p.chain, p.weight, p.size, int64(p.sum), p.data)
	if err != nil || id == 0 {
		return 0, err
	}
	return id, t.exec("DELETE FROM merging WHERE document = ?", document)
}

// unpack answers a version's row and its state.
func (j *Journal) unpack(ctx context.Context, q querier, id int64) (*packed, []byte, error) {
	rows, err := q.QueryContext(ctx, `
		WITH RECURSIVE line (id, n) AS (
			VALUES (?, 0)
			UNION ALL
			SELECT version.base, n + 1 FROM line JOIN version ON version.id = line.id
			WHERE version.base IS NOT NULL AND n <= ?
		)
		SELECT hash, base, chain, weight, size, sum, data
		FROM line JOIN version ON version.id = line.id ORDER BY n`, id, maxChain)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	var line []*packed
	for rows.Next() {
		p := new(packed)
		if err := rows.Scan(&p.hash, &p.base, &p.chain, &p.weight, &p.size, &p.sum, &p.data); err != nil {
			return nil, nil, err
		}
		line = append(line, p)
	}
	if err := rows.Err(); err != nil {
		return nil, nil, err
	}
	if len(line) == 0 || line[len(line)-1].base.Valid {
		return nil, nil, fmt.Errorf("%w: version %d has no beginning", ErrDamaged, id)
	}
	var state []byte
	for i := len(line) - 1; i >= 0; i-- {
		if state, err = j.packer.grow(state, line[i]); err != nil {
			return nil, nil, fmt.Errorf("version %s: %w", line[i].hash, err)
		}
	}
	if checksum(state) != line[0].sum {
		return nil, nil, fmt.Errorf("version %s: %w: checksum differs", line[0].hash, ErrDamaged)
	}
	return line[0], state, nil
}

// State answers the state that belongs to a version. It is [ErrUnknown] if the
// journal was never told one, and wraps [ErrDamaged] if it cannot be read any
// more.
func (j *Journal) State(ctx context.Context, id int64, commit string) ([]byte, error) {
	var version int64
	err := j.readers.QueryRowContext(ctx, "SELECT id FROM version WHERE document = ? AND hash = ?", id, commit).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, ErrUnknown
	}
	if err == nil {
		var state []byte
		if _, state, err = j.unpack(ctx, j.readers, version); err == nil {
			return state, nil
		}
	}
	return nil, j.failed("reading a version's state", err)
}

// A packer compresses; its writers are large and used again.
type packer struct{ writers sync.Pool }

func (p *packer) init() {
	p.writers.New = func() any {
		w, err := flate.NewWriter(nil, flate.DefaultCompression)
		if err != nil {
			return nil // the level is a valid one
		}
		return w
	}
}

const (
	asIs     = 0 // first byte: what follows is not compressed
	deflated = 1 // it is, by DEFLATE
)

// squeeze compresses data if that makes it shorter.
func (p *packer) squeeze(data []byte) []byte {
	out := bytes.NewBuffer(make([]byte, 0, len(data)/2+16))
	out.WriteByte(deflated)
	if w, ok := p.writers.Get().(*flate.Writer); ok {
		w.Reset(out)
		_, err := w.Write(data)
		if err = errors.Join(err, w.Close()); err == nil && out.Len() <= len(data) {
			p.writers.Put(w)
			return out.Bytes()
		}
		p.writers.Put(w)
	}
	return append([]byte{asIs}, data...)
}

// grow makes a version's state out of that of its base, if it has one.
func (p *packer) grow(base []byte, v *packed) ([]byte, error) {
	if v.size < 0 || v.size > maxState {
		return nil, fmt.Errorf("%w: a state of %d bytes", ErrDamaged, v.size)
	}
	// A difference is a little longer than what it makes at the worst: each
	// piece has two numbers and stands for a byte or more.
	limit := v.size
	if v.base.Valid {
		limit = 21*v.size + 21
	}
	data, err := unsqueeze(v.data, limit)
	if err != nil {
		return nil, err
	}
	if v.base.Valid {
		return patch(base, data, v.size)
	}
	if len(data) != v.size {
		return nil, fmt.Errorf("%w: a state is cut off", ErrDamaged)
	}
	return data, nil
}

func unsqueeze(data []byte, limit int) ([]byte, error) {
	if len(data) == 0 {
		return nil, fmt.Errorf("%w: nothing there", ErrDamaged)
	}
	switch data[0] {
	case asIs:
		if data = data[1:]; len(data) <= limit {
			return data, nil
		}
	case deflated:
		r := flate.NewReader(bytes.NewReader(data[1:]))
		out, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		if len(out) <= limit {
			return out, nil
		}
	default:
		return nil, fmt.Errorf("%w: unknown compression", ErrDamaged)
	}
	return nil, fmt.Errorf("%w: longer than it says", ErrDamaged)
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }
