package qualification_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"dealwiki/wiki/qualification"
)

const page = `# Qualification

## Is there a deal?

### 1. Is there an identified project?

- Yes, phase one · said by Ingrid · on 2026-11-12 · evidence: [[qualifying/call]]
- No, a study · said by Lars

### 2. Is a budget allocated?

| Question | Answer | Who said so | When |
|---|---|---|---|
| 3. Can we win it? | Yes \| maybe, [[a|b]] | us | 12 Nov |
| 4. Does a slip matter? | | | |

` + "```\n### Is code a question?\n- no\n```\n"

func TestParse(t *testing.T) {
	all := qualification.Parse([]byte(page))
	var names []string
	for _, q := range all {
		names = append(names, q.Text)
	}
	// "Is there a deal?" is a chapter that happens to ask.
	assert.Equal(t, []string{"Is there an identified project?", "Is a budget allocated?", "Can we win it?", "Does a slip matter?"}, names)
	assert.Equal(t, []qualification.Answer{{Text: "Yes, phase one", Who: "Ingrid", When: "2026-11-12", Evidence: "[[qualifying/call]]", Line: 7}, {Text: "No, a study", Who: "Lars", Line: 8}}, all[0].Answers)
	assert.True(t, all[0].Differ())
	assert.Equal(t, "Yes | maybe, [[a|b]]", all[2].Answers[0].Text)
	assert.Equal(t, qualification.Coverage{Questions: 4, Asked: 2, Several: 1, Differ: 1}, qualification.Cover(all))
}

func TestAdd(t *testing.T) {
	text := []byte(page)
	var err error
	for _, q := range []string{"2. Is a budget allocated?", "Can we win it?", "Is there an identified project?"} {
		text, err = qualification.Add(text, q, qualification.Answer{Text: "It\nseems · so", Who: "Solveig", When: "2026-11-20"})
		require.NoError(t, err)
	}
	all := qualification.Parse(text)
	require.Len(t, all, 4)
	assert.Len(t, all[0].Answers, 3)
	assert.Equal(t, "It seems, so", all[1].Answers[0].Text)
	assert.Len(t, all[2].Answers, 2, "the table's and the list's")
	for _, bad := range []qualification.Answer{{Who: "x"}, {Text: "x"}, {Text: "x", Who: "y", When: "soon"}} {
		_, err := qualification.Add(text, "Why?", bad)
		assert.ErrorIs(t, err, qualification.ErrAnswer)
	}
	_, err = qualification.Add(text, "No question", qualification.Answer{Text: "x", Who: "y"})
	assert.ErrorIs(t, err, qualification.ErrAnswer)
}

func FuzzAdd(f *testing.F) {
	f.Add(page, "Is a budget allocated?", "yes")
	f.Fuzz(func(t *testing.T, text, name, said string) {
		before := qualification.Cover(qualification.Parse([]byte(text)))
		out, err := qualification.Add([]byte(text), name, qualification.Answer{Text: said, Who: "x"})
		if err != nil {
			return
		}
		if after := qualification.Cover(qualification.Parse(out)); after.Asked < before.Asked {
			t.Fatalf("answers lost: %v, %v\n%s", before, after, out)
		}
	})
}

// A page that is all questions, answers or bars costs time by its length, not by
// its square.
func TestLongPages(t *testing.T) {
	var questions, answers strings.Builder
	answers.WriteString("### Is there money?\n\n")
	for i := range 40_000 {
		fmt.Fprintf(&questions, "### Is it %d?\n", i)
		answers.WriteString("- Yes · said by Ingrid\n")
	}
	assert.Len(t, qualification.Parse([]byte(questions.String())), 40_000)
	all := qualification.Parse([]byte(answers.String()))
	require.Len(t, all, 1)
	assert.False(t, all[0].Differ())
	assert.Empty(t, qualification.Parse([]byte("| Question | Answer |\n| [["+strings.Repeat("|", 500_000)+"\n")))
}

func TestWhoseAnswersDiffer(t *testing.T) {
	for _, tt := range []struct {
		name, items string
		differ      bool
	}{
		{"nobody answered", "", false},
		{"two say the same", "- Yes · said by Ingrid\n- yes. · said by Lars\n", false},
		{"one says two things", "- Yes · said by Ingrid\n- No · said by Ingrid\n", false},
		{"two say two things", "- Yes · said by Ingrid\n- No · said by Lars\n", true},
		{"the second and the third", "- Yes · said by Ingrid\n- No · said by Ingrid\n- Yes · said by Lars\n", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			all := qualification.Parse([]byte("### Is there money?\n\n" + tt.items))
			require.Len(t, all, 1)
			assert.Equal(t, tt.differ, all[0].Differ())
		})
	}
}
