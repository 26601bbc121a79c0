package web

// QualificationView are the questions a deal is qualified by, and what was
// answered (template qualification).
type QualificationView struct {
	Shell
	Form      Form
	Action    string // POST: question, answer, who, when, evidence; "" for readers
	Page      string
	There     bool // the page is there
	Coverage  string
	Questions []QuestionRow
	Today     string
}

// QuestionRow is a question with its answers side by side.
type QuestionRow struct {
	ID      string
	Text    string
	Answers []AnswerView
	Differ  bool
	Open    bool // its form is open
}

// AnswerView is one answer.
type AnswerView struct {
	Text       string
	Who        string
	When       string
	Evidence   string
	EvidenceTo string // a page of the space; "" when it is something else
	Line       int
	Href       string
}
