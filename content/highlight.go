package content

import (
	"html"
	"strings"

	"github.com/alecthomas/chroma/v2"
	"github.com/alecthomas/chroma/v2/lexers"
)

const (
	maxHighlight      = 128 << 10 // bytes of code highlighted on one page
	maxHighlightBlock = 32 << 10  // bytes of one block
)

// languages are those that are highlighted, by the names people write. Other
// code is shown plain: the list bounds what the lexers' patterns may cost.
var languages = map[string]string{
	"bash": "bash", "sh": "bash", "shell": "bash", "console": "bash", "zsh": "bash",
	"c": "c", "cpp": "c++", "c++": "c++", "csharp": "c#", "cs": "c#", "c#": "c#",
	"css": "css", "diff": "diff", "patch": "diff", "docker": "docker", "dockerfile": "docker",
	"go": "go", "golang": "go", "graphql": "graphql", "hcl": "hcl", "terraform": "hcl", "html": "html", "ini": "ini",
	"java": "java", "javascript": "javascript", "js": "javascript", "jsx": "javascript", "json": "json", "kotlin": "kotlin",
	"makefile": "makefile", "make": "makefile", "php": "php", "powershell": "powershell", "ps1": "powershell",
	"properties": "properties", "proto": "protobuf", "protobuf": "protobuf", "python": "python", "py": "python",
	"ruby": "ruby", "rb": "ruby", "rust": "rust", "rs": "rust", "scala": "scala", "sql": "sql", "swift": "swift",
	"toml": "toml", "typescript": "typescript", "ts": "typescript", "tsx": "typescript", "xml": "xml", "yaml": "yaml", "yml": "yaml",
}

// highlight writes code with classes and reports whether it did; if not,
// nothing was written.
func highlight(w *capped, language, code string) bool {
	name := languages[strings.ToLower(language)]
	if name == "" || len(code) > maxHighlightBlock {
		return false
	}
	lexer := lexers.Get(name)
	if lexer == nil {
		return false
	}
	tokens, err := chroma.Tokenise(chroma.Coalesce(lexer), &chroma.TokeniseOptions{State: "root", EnsureLF: true}, code)
	if err != nil {
		return false
	}
	var b strings.Builder
	for _, t := range tokens {
		class := tokenClass(t.Type)
		if class == "" {
			b.WriteString(html.EscapeString(t.Value))
			continue
		}
		b.WriteString(`<span class="`)
		b.WriteString(class)
		b.WriteString(`">`)
		b.WriteString(html.EscapeString(t.Value))
		b.WriteString("</span>")
	}
	_, _ = w.WriteString(b.String())
	return true
}

// tokenClass folds the lexers' many token types into the few that read well.
func tokenClass(t chroma.TokenType) string {
	switch {
	case t == chroma.GenericInserted:
		return "tok-ins"
	case t == chroma.GenericDeleted:
		return "tok-del"
	case t == chroma.GenericHeading, t == chroma.GenericSubheading:
		return "tok-head"
	case t.InCategory(chroma.Comment):
		return "tok-com"
	case t.InCategory(chroma.Keyword), t == chroma.NameTag, t == chroma.NameBuiltin:
		return "tok-key"
	case t.InSubCategory(chroma.LiteralString):
		return "tok-str"
	case t.InSubCategory(chroma.LiteralNumber), t == chroma.NameConstant, t == chroma.LiteralDate:
		return "tok-num"
	case t == chroma.NameFunction, t == chroma.NameClass, t == chroma.NameDecorator:
		return "tok-name"
	case t == chroma.NameAttribute, t == chroma.NameVariable, t == chroma.NameProperty:
		return "tok-attr"
	}
	return ""
}

// HighlightCSS is the style sheet of highlighted code, for light and dark: it
// follows the color-scheme of the page.
func HighlightCSS() string {
	return `.tok-key{color:light-dark(#7a2fa0,#d3a4f5)}
.tok-com{color:light-dark(#5f6774,#959dab);font-style:italic}
.tok-str{color:light-dark(#17703f,#6dd6a0)}
.tok-num{color:light-dark(#9c3f06,#ffb27d)}
.tok-name{color:light-dark(#1f5ac7,#86b1ff)}
.tok-attr{color:light-dark(#7d5600,#e6c05c)}
.tok-head{font-weight:700}
.tok-ins{color:light-dark(#17703f,#6dd6a0)}
.tok-del{color:light-dark(#b3261e,#ff9a92)}
`
}
