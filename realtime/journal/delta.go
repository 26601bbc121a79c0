package journal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/bits"
)

// A delta says how to make a target out of a base: a list of
//
//	length<<1    that many bytes follow
//	length<<1|1  that many bytes of the base, from where the last such piece
//	             ended plus an offset, which follows
//
// All numbers are varints, the offset a signed one.

const (
	block  = 16 // bytes that must be alike before it is worth a look
	stride = 4  // every so many bytes of the base a block can be found
)

// diff answers a delta. It takes time in proportion to the two lengths.
func diff(base, target []byte) []byte {
	var table []uint32 // position in base + 1
	shift := 64
	if len(base) >= block {
		slots := bits.Len(uint(len(base) / stride))
		table, shift = make([]uint32, 1<<slots), 64-slots
		for i := 0; i+block <= len(base); i += stride {
			if slot := &table[mix(base[i:])>>shift]; *slot == 0 {
				*slot = uint32(i) + 1
			}
		}
	}
	var out []byte
	plain := 0 // where the bytes begin that are not yet in out
	after := 0 // where the last piece of base ended
	literal := func(end int) {
		if end > plain {
			out = binary.AppendUvarint(out, uint64(end-plain)<<1)
			out = append(out, target[plain:end]...)
		}
	}
	for i := 0; table != nil && i+block <= len(target); {
		at := -1
		if after+block <= len(base) && bytes.Equal(base[after:after+block], target[i:i+block]) {
			at = after
		} else if slot := table[mix(target[i:])>>shift]; slot != 0 {
			if p := int(slot - 1); bytes.Equal(base[p:p+block], target[i:i+block]) {
				at = p
			}
		}
		if at < 0 {
			i++
			continue
		}
		from, to := at, at+block
		end := i + block
		for i > plain && from > 0 && base[from-1] == target[i-1] {
			from, i = from-1, i-1
		}
		for end < len(target) && to < len(base) && base[to] == target[end] {
			to, end = to+1, end+1
		}
		literal(i)
		out = binary.AppendUvarint(out, uint64(to-from)<<1|1)
		out = binary.AppendVarint(out, int64(from-after))
		after, i, plain = to, end, end
	}
	literal(len(target))
	return out
}

func mix(b []byte) uint64 {
	x := binary.LittleEndian.Uint64(b)*0x9E3779B97F4A7C15 ^ binary.LittleEndian.Uint64(b[8:])
	return (x ^ x>>29) * 0xBF58476D1CE4E5B9
}

// patch makes the target of a delta, which is size bytes long. Errors wrap
// [ErrDamaged].
func patch(base, delta []byte, size int) ([]byte, error) {
	damaged := func(what string) ([]byte, error) {
		return nil, fmt.Errorf("%w: difference with %s", ErrDamaged, what)
	}
	// Most deltas make little that is not in the base.
	out := make([]byte, 0, max(0, min(size, len(base)+len(delta))))
	after := int64(0)
	for len(delta) > 0 {
		op, n := binary.Uvarint(delta)
		if n <= 0 {
			return damaged("a broken number")
		}
		delta = delta[n:]
		length := op >> 1
		if length > uint64(size-len(out)) {
			return damaged("more than it makes")
		}
		if op&1 == 0 {
			if length > uint64(len(delta)) {
				return damaged("its end missing")
			}
			out = append(out, delta[:length]...)
			delta = delta[length:]
			continue
		}
		offset, n := binary.Varint(delta)
		if n <= 0 {
			return damaged("a broken number")
		}
		delta = delta[n:]
		if offset > int64(len(base)) || offset < -int64(len(base)) {
			return damaged("a piece of nowhere")
		}
		from := after + offset
		if from < 0 || from > int64(len(base)) || length > uint64(int64(len(base))-from) {
			return damaged("a piece of nowhere")
		}
		out = append(out, base[from:from+int64(length)]...)
		after = from + int64(length)
	}
	if len(out) != size {
		return damaged("its end missing")
	}
	return out, nil
}
