package content

import (
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// dialect is the parser of the shipped dialect: CommonMark with GitHub's
// tables, strikethrough, task lists and autolinks, footnotes, and our
// callouts, wiki links and mentions. It is never changed after it was made.
var dialect = parser.NewParser(
	parser.WithBlockParsers(append(parser.DefaultBlockParsers(),
		util.Prioritized(noteBlocks{extension.NewFootnoteBlockParser()}, 999),
	)...),
	parser.WithInlineParsers(
		util.Prioritized(taskParser{extension.NewTaskCheckBoxParser()}, 0),
		util.Prioritized(meteredCode(parser.NewCodeSpanParser()), 100),
		util.Prioritized(meteredNotes(extension.NewFootnoteParser()), 101),
		util.Prioritized(wikiLinkParser{}, 150),
		util.Prioritized(meteredLinks(parser.NewLinkParser()), 200),
		util.Prioritized(parser.NewAutoLinkParser(), 300),
		util.Prioritized(meteredHTML(parser.NewRawHTMLParser()), 400),
		util.Prioritized(meteredDelimiters(parser.NewEmphasisParser()), 500),
		util.Prioritized(meteredStrikes(extension.NewStrikethroughParser()), 500),
		util.Prioritized(attributeParser{}, 900),
		util.Prioritized(mentionParser{}, 950),
		util.Prioritized(bareLinkParser{}, 999),
	),
	parser.WithParagraphTransformers(
		util.Prioritized(calloutTransformer{}, 50),
		util.Prioritized(boundedReferences{parser.LinkReferenceParagraphTransformer}, 100),
		util.Prioritized(boundedTables{extension.NewTableParagraphTransformer()}, 200),
	),
	parser.WithASTTransformers(
		util.Prioritized(extension.NewTableASTTransformer(), 0),
		util.Prioritized(extension.NewFootnoteASTTransformer(), 999),
	),
)

// taskParser wants a space after the box, as GitHub does.
type taskParser struct{ parser.InlineParser }

// Parse implements [parser.InlineParser].
func (p taskParser) Parse(parent ast.Node, block text.Reader, pc parser.Context) ast.Node {
	if line, _ := block.PeekLine(); len(line) > 3 && !util.IsSpace(line[3]) {
		return nil
	}
	return p.InlineParser.Parse(parent, block, pc)
}
