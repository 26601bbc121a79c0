package content

import "github.com/yuin/goldmark/ast"

// Work parses a page and counts what it took: the steps that were charged, of
// the budget, and the nodes of the tree.
func Work(src []byte) (steps, budget, nodes int) {
	_, body := splitFront(src)
	if overLimit(src, body) != "" {
		return 0, workBudget, 0
	}
	m := &meter{left: workBudget}
	root := parseBody(body, m)
	_ = ast.Walk(root, func(_ ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering {
			nodes++
		}
		return ast.WalkContinue, nil
	})
	return workBudget - m.left, workBudget, nodes
}
