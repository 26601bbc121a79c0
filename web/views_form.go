package web

// Value is what a person typed into the field.
func (f Form) Value(name string) string { return f.Values[name] }

// Err is what is wrong with the field, or "".
func (f Form) Err(name string) string { return f.Errors[name] }
