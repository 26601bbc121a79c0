package web

// LoginView signs in by a one-time link (template login). It posts nothing but
// the press of its button to Action.
type LoginView struct {
	Shell
	Action string
}

// PeopleView is who works here (template people).
type PeopleView struct {
	Shell
	Query   string
	Known   []KnowerRow // who knows about the query
	Problem string      // what is wrong with it
	People  []Colleague
}

// Colleague is a member of staff as colleagues see them.
type Colleague struct {
	Person Person
	Job    string
	Skills string
	Owns   []Link // prospects, as far as the reader may see them
}

// PersonView is one member of staff (template person).
type PersonView struct {
	Shell
	Colleague
	Email    string
	Disabled bool
	Mine     bool // the reader's own
	Form     Form
	Ask      []Option // deals that a question can be put on
}
