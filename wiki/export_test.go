package wiki

// RewriteComments reads a file of comments and writes it again.
func RewriteComments(data []byte) ([]byte, error) {
	f, err := parseComments(data)
	if err != nil {
		return nil, err
	}
	return f.encode()
}
