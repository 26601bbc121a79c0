package content

import (
	"html"
	"strings"
	"unicode/utf8"
)

// maxHighlight is how much code of one page is highlighted, in bytes: the
// spans make it several times as long.
const maxHighlight = 256 << 10

// syntax is what is known of a language: enough to tell comments, texts,
// numbers and words apart in one pass over the code. Lexers made of patterns
// were measured to take minutes for a page of empty lines, so there are none.
type syntax struct {
	line    []string // beginnings of a comment that ends with the line
	block   []string // beginning and end of a longer comment, or nil
	quotes  string   // marks around texts that end with the line at the latest
	long    []string // marks around texts that may go over lines
	words   string   // keywords, separated by spaces
	fold    bool     // keywords in any case
	keys    bool     // a word before a colon or equals sign is a name
	tags    bool     // markup in angle brackets
	changes bool     // lines of a diff
	names   bool     // a text before a colon is a name
}

const (
	cWords      = "auto bool break case char class const continue default delete do double else enum extern false float for friend goto if inline int long namespace new nullptr operator private protected public return short signed sizeof static struct switch template this throw true try typedef typename union unsigned using virtual void volatile while include define ifdef ifndef endif"
	javaWords   = "abstract assert boolean break byte case catch char class const continue default do double else enum extends false final finally float for if implements import instanceof int interface long native new null package private protected public record return short static super switch synchronized this throw throws true try var void volatile while yield"
	scriptWords = "abstract any as async await boolean break case catch class const continue debugger default delete do else enum export extends false finally for from function get if implements import in instanceof interface keyof let new null number of private protected public readonly return set static string super switch this throw true try type typeof undefined var void while with yield"
)

// syntaxes are the languages there are, by name. It is never changed.
var syntaxes = map[string]syntax{
	"c":          {line: []string{"//"}, block: []string{"/*", "*/"}, quotes: `"'`, words: cWords},
	"csharp":     {line: []string{"//"}, block: []string{"/*", "*/"}, quotes: `"'`, words: javaWords + " async await bool decimal foreach get in internal is namespace nameof object out override partial readonly ref sealed set string struct using virtual where"},
	"css":        {block: []string{"/*", "*/"}, quotes: `"'`, keys: true, words: "important media import supports keyframes"},
	"diff":       {changes: true},
	"go":         {line: []string{"//"}, block: []string{"/*", "*/"}, quotes: `"'`, long: []string{"`"}, words: "any append bool break byte cap case chan close const continue copy default defer delete else error fallthrough false float64 for func go goto if import int int64 interface iota len make map new nil package panic range recover return rune select string struct switch true type uint64 var"},
	"hcl":        {line: []string{"#", "//"}, block: []string{"/*", "*/"}, quotes: `"`, keys: true, words: "data false for if in locals module null output provider resource terraform true variable"},
	"html":       {block: []string{"<!--", "-->"}, tags: true},
	"ini":        {line: []string{"#", ";"}, quotes: `"`, keys: true},
	"java":       {line: []string{"//"}, block: []string{"/*", "*/"}, quotes: `"'`, words: javaWords},
	"javascript": {line: []string{"//"}, block: []string{"/*", "*/"}, quotes: `"'`, long: []string{"`"}, words: scriptWords},
	"json":       {line: []string{"//"}, quotes: `"`, words: "true false null", names: true},
	"kotlin":     {line: []string{"//"}, block: []string{"/*", "*/"}, quotes: `"'`, long: []string{`"""`}, words: javaWords + " data fun in internal is it lateinit object open override sealed suspend typealias val when"},
	"php":        {line: []string{"//", "#"}, block: []string{"/*", "*/"}, quotes: `"'`, words: javaWords + " and array as echo elseif foreach function global include isset list namespace or require self trait unset use"},
	"protobuf":   {line: []string{"//"}, block: []string{"/*", "*/"}, quotes: `"'`, words: "bool bytes double enum false float import int32 int64 map message oneof option optional package repeated required reserved returns rpc service stream string syntax true uint32 uint64"},
	"python":     {line: []string{"#"}, quotes: `"'`, long: []string{`"""`, "'''"}, words: "and as assert async await break class continue def del elif else except False finally for from global if import in is lambda None nonlocal not or pass raise return self True try while with yield"},
	"ruby":       {line: []string{"#"}, quotes: `"'`, words: "alias and begin break case class def do else elsif end ensure false for if in include module next nil not or private raise require rescue return self super then true unless until when while yield"},
	"rust":       {line: []string{"//"}, block: []string{"/*", "*/"}, quotes: `"`, words: "as async await bool break char const continue crate dyn else enum extern false fn for i32 i64 if impl in let loop match mod move mut pub ref return self Self static str String struct super trait true type u32 u64 u8 unsafe use usize where while"},
	"shell":      {line: []string{"#"}, quotes: `"'`, words: "case cd do done echo elif else esac exit export fi for function if in local read return set shift source sudo then trap until while"},
	"sql":        {line: []string{"--"}, block: []string{"/*", "*/"}, quotes: `'"`, fold: true, words: "add all alter and any as asc begin between by case cast check column commit constraint count create cross default delete desc distinct drop else end exists false filter foreign from full group having if in index inner insert into is join key left like limit max min not null offset on or order outer over partition primary references returning right rollback round select set sum table then true union unique update using values view when where with"},
	"swift":      {line: []string{"//"}, block: []string{"/*", "*/"}, quotes: `"`, long: []string{`"""`}, words: javaWords + " as func guard in inout init is let nil protocol self some struct where"},
	"toml":       {line: []string{"#"}, quotes: `"'`, long: []string{`"""`, "'''"}, keys: true, words: "true false"},
	"yaml":       {line: []string{"#"}, quotes: `"'`, keys: true, words: "true false null yes no"},
}

// languages are the names people write for them.
var languages = map[string]string{
	"bash": "shell", "c": "c", "c#": "csharp", "c++": "c", "console": "shell", "cpp": "c", "cs": "csharp", "csharp": "csharp", "css": "css",
	"diff": "diff", "docker": "shell", "dockerfile": "shell", "go": "go", "golang": "go", "h": "c", "hcl": "hcl", "html": "html", "ini": "ini",
	"java": "java", "javascript": "javascript", "js": "javascript", "json": "json", "json5": "json", "jsonc": "json", "jsx": "javascript",
	"kotlin": "kotlin", "kt": "kotlin", "make": "shell", "makefile": "shell", "patch": "diff", "php": "php", "powershell": "shell", "properties": "ini",
	"proto": "protobuf", "protobuf": "protobuf", "ps1": "shell", "py": "python", "python": "python", "rb": "ruby", "rs": "rust", "ruby": "ruby", "rust": "rust",
	"scala": "kotlin", "sh": "shell", "shell": "shell", "sql": "sql", "svg": "html", "swift": "swift", "terraform": "hcl", "toml": "toml",
	"ts": "javascript", "tsx": "javascript", "typescript": "javascript", "xml": "html", "yaml": "yaml", "yml": "yaml", "zsh": "shell",
}

// highlight writes code with classes and reports whether it knows the
// language; if not, nothing was written.
func highlight(w *capped, language, code string) bool {
	s, ok := syntaxes[languages[strings.ToLower(language)]]
	if !ok {
		return false
	}
	if s.changes {
		highlightChanges(w, code)
		return true
	}
	h := highlighter{syntax: s, out: w, code: code, words: map[string]bool{}}
	for _, word := range strings.Fields(s.words) {
		h.words[word] = true
	}
	h.run()
	return true
}

func token(w *capped, class, text string) {
	if text == "" {
		return
	}
	if class == "" {
		_, _ = w.WriteString(html.EscapeString(text))
		return
	}
	_, _ = w.WriteString(`<span class="tok-` + class + `">` + html.EscapeString(text) + "</span>")
}

func highlightChanges(w *capped, code string) {
	for _, l := range strings.SplitAfter(code, "\n") {
		class := ""
		switch {
		case strings.HasPrefix(l, "+++"), strings.HasPrefix(l, "---"), strings.HasPrefix(l, "@@"), strings.HasPrefix(l, "diff "):
			class = "head"
		case strings.HasPrefix(l, "+"):
			class = "ins"
		case strings.HasPrefix(l, "-"):
			class = "del"
		}
		text := strings.TrimSuffix(l, "\n")
		token(w, class, text)
		token(w, "", l[len(text):])
	}
}

// highlighter goes over code once; every step takes at least one byte, and no
// byte is looked at more than a few times.
type highlighter struct {
	syntax
	out   *capped
	code  string
	words map[string]bool
	at    int // next byte
	plain int // first byte not written yet
	tag   bool
}

// emit writes what is pending and then the next n bytes with a class.
func (h *highlighter) emit(class string, n int) {
	token(h.out, "", h.code[h.plain:h.at])
	token(h.out, class, h.code[h.at:h.at+n])
	h.at += n
	h.plain = h.at
}

func (h *highlighter) run() {
	for h.at < len(h.code) && !h.out.full {
		rest := h.code[h.at:]
		c := rest[0]
		switch {
		case len(h.block) > 0 && strings.HasPrefix(rest, h.block[0]):
			h.emit("com", until(rest, h.block[0], h.block[1]))
		case h.comment(rest):
			h.emit("com", lineLength(rest))
		case h.text(rest):
		case h.tags && c == '<':
			n := 1
			for n < len(rest) && (isWord(rest[n]) || n == 1 && rest[n] == '/' || rest[n] == ':' || rest[n] == '-') {
				n++
			}
			h.tag = n > 1
			h.emit("key", n)
		case h.tags && c == '>':
			h.tag = false
			h.emit("key", 1)
		case h.tags && !h.tag:
			h.at++
		case c >= '0' && c <= '9':
			n := 1
			for n < len(rest) && (isWord(rest[n]) || rest[n] == '.') {
				n++
			}
			h.emit("num", n)
		case isWord(c):
			n := 1
			for n < len(rest) && (isWord(rest[n]) || h.keys && rest[n] == '-') {
				n++
			}
			h.word(rest[:n], rest[n:])
		default:
			h.at++
		}
	}
	h.at = len(h.code)
	h.emit("", 0)
}

// comment reports whether a comment to the end of the line begins here. A mark
// that is no punctuation of its own must follow a space.
func (h *highlighter) comment(rest string) bool {
	for _, mark := range h.line {
		if strings.HasPrefix(rest, mark) {
			if mark == "#" || mark == ";" {
				return h.at == 0 || h.code[h.at-1] == ' ' || h.code[h.at-1] == '\t' || h.code[h.at-1] == '\n'
			}
			return true
		}
	}
	return false
}

// text writes a quoted text, if one begins here.
func (h *highlighter) text(rest string) bool {
	if h.tags && !h.tag {
		return false
	}
	for _, mark := range h.long {
		if strings.HasPrefix(rest, mark) {
			h.emit("str", until(rest, mark, mark))
			return true
		}
	}
	quotes := h.quotes
	if h.tags {
		quotes = `"'`
	}
	if strings.IndexByte(quotes, rest[0]) < 0 {
		return false
	}
	n := 1
	for n < len(rest) && rest[n] != '\n' {
		if rest[n] == rest[0] {
			n++
			break
		}
		if rest[n] == '\\' && n+1 < len(rest) && rest[n+1] != '\n' {
			n++
		}
		n++
	}
	class := "str"
	if h.names && strings.HasPrefix(strings.TrimLeft(clip(rest[n:], 8), " "), ":") {
		class = "attr"
	}
	h.emit(class, n)
	return true
}

func (h *highlighter) word(word, after string) {
	next := strings.TrimLeft(clip(after, 8), " ")
	known := h.words[word] || h.fold && h.words[strings.ToLower(word)]
	switch {
	case h.tags, h.keys && (strings.HasPrefix(next, ":") || strings.HasPrefix(next, "=")):
		h.emit("attr", len(word))
	case known:
		h.emit("key", len(word))
	case strings.HasPrefix(after, "("):
		h.emit("name", len(word))
	default:
		h.at += len(word)
	}
}

func isWord(c byte) bool {
	return c == '_' || c == '$' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c >= utf8.RuneSelf
}

// until returns the length from an opening mark to the end of the next closing
// one, or of everything.
func until(s, open, closing string) int {
	if i := strings.Index(s[len(open):], closing); i >= 0 {
		return len(open) + i + len(closing)
	}
	return len(s)
}

func lineLength(s string) int {
	if i := strings.IndexByte(s, '\n'); i >= 0 {
		return i
	}
	return len(s)
}
