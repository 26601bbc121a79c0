package yjs

// replacement is U+FFFD. Half a surrogate pair cannot be written in UTF-8, so
// it stands for each half of a pair that was cut in two. Yjs does the same.
const replacement = "\uFFFD"

// units counts the UTF-16 code units of valid UTF-8.
func units(s []byte) uint64 {
	n := uint64(0)
	for _, c := range s {
		switch {
		case c >= 0xf0:
			n += 2
		case c < 0x80 || c >= 0xc0:
			n++
		}
	}
	return n
}

// offset answers at which byte the character stands that holds unit k of s,
// which has n, and its first unit: k, or k-1 if k is the second half of a pair.
// It walks from the nearer end.
func offset(s []byte, n, k uint64) (i int, unit uint64) {
	if uint64(len(s)) == n { // ASCII
		return int(k), k
	}
	if k > n/2 {
		i, unit = len(s), n
		for unit > k {
			for i--; s[i]&0xc0 == 0x80; i-- {
			}
			unit--
			if s[i] >= 0xf0 {
				unit--
			}
		}
		return i, unit
	}
	for {
		next := unit + 1
		if s[i] >= 0xf0 {
			next++
		}
		if next > k {
			return i, unit
		}
		unit = next
		for i++; i < len(s) && s[i]&0xc0 == 0x80; i++ {
		}
	}
}

// cut divides s, which has n units, after k of them, 0 < k < n. The parts share
// the memory of s and cannot grow into each other.
func cut(s []byte, n, k uint64) (left, right []byte) {
	i, unit := offset(s, n, k)
	if unit == k {
		return s[:i:i], s[i:]
	}
	left = append(append(make([]byte, 0, i+len(replacement)), s[:i]...), replacement...)
	right = append(append(make([]byte, 0, len(s)-i), replacement...), s[i+4:]...)
	return left, right
}
