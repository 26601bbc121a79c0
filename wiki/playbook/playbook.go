// Package playbook holds the files a new installation's playbook starts with:
// the default funnel, a template for every page the funnel asks for, the
// (empty) list of outside sources and the company pages. They are written once
// into the playbook's repository; from then on the company's own copy counts,
// and nothing here is read again.
package playbook

import (
	"embed"
	"io/fs"
)

//go:embed funnel.yaml sources.yaml templates account
var files embed.FS

//go:embed funnel.yaml funnels
var funnels embed.FS

// Funnel answers the text of a ready-made funnel: "eight", which is the default,
// "six" or "four"; fs.ErrNotExist for any other name.
func Funnel(name string) ([]byte, error) {
	switch name {
	case "eight":
		return funnels.ReadFile("funnel.yaml")
	case "six", "four":
		return funnels.ReadFile("funnels/" + name + "-steps.yaml")
	}
	return nil, fs.ErrNotExist
}

// Files returns the starting files with the paths they have in the playbook's
// repository: funnel.yaml, sources.yaml, templates/SECTION-STAGE-NAME.md and
// account/PAGE.md. The tree is read-only and safe for concurrent use.
func Files() fs.FS { return files }
