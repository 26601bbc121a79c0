package journal

// Diff and Patch are how states of versions are kept.
var (
	Diff  = diff
	Patch = patch
)

// Squeeze compresses as the file does.
func Squeeze(data []byte) []byte {
	var p packer
	p.init()
	return p.squeeze(data)
}

// Unsqueeze is the reverse; limit is how much may come out.
var Unsqueeze = unsqueeze
