// Command build makes web/ui/dist from web/ui/src and web/ui/css. The same
// sources always make the same bytes. With -check nothing is written: it fails
// when dist is not what the sources make.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/evanw/esbuild/pkg/api"
)

func main() {
	dir := flag.String("dir", "web/ui", "folder that holds src, css and dist")
	check := flag.Bool("check", false, "compare with dist instead of writing it")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	built, err := build(dir)
	if err != nil {
		return err
	}
	dist := filepath.Join(dir, "dist")
	if check {
		return compare(dist, built)
	}
	if err := os.MkdirAll(dist, 0o755); err != nil {
		return err
	}
	for name, data := range built {
		if err := os.WriteFile(filepath.Join(dist, name), data, 0o644); err != nil {
			return err
		}
		fmt.Printf("%s\t%d bytes\n", name, len(data))
	}
	return nil
}

// build bundles every entry point and returns the files by name.
func build(dir string) (map[string][]byte, error) {
	root, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	result := api.Build(api.BuildOptions{
		AbsWorkingDir: root,
		EntryPoints:   []string{"src/app.ts", "src/editor.ts", "src/live/live.ts", "css/app.css"},
		EntryNames:    "[name]",
		Outdir:        "dist",
		Bundle:        true,
		Format:        api.FormatESModule,
		Target:        api.ES2022,
		Engines: []api.Engine{
			{Name: api.EngineChrome, Version: "123"},
			{Name: api.EngineFirefox, Version: "125"},
			{Name: api.EngineSafari, Version: "17.5"},
		},
		MinifyWhitespace:  true,
		MinifyIdentifiers: true,
		MinifySyntax:      true,
		LegalComments:     api.LegalCommentsNone,
		Charset:           api.CharsetUTF8,
		External:          []string{"*.woff2"},
		Loader:            map[string]api.Loader{".svg": api.LoaderDataURL},
	})
	if len(result.Errors) > 0 {
		return nil, errors.New(api.FormatMessages(result.Errors, api.FormatMessagesOptions{})[0])
	}
	built := map[string][]byte{}
	for _, f := range result.OutputFiles {
		built[filepath.Base(f.Path)] = append(bytes.TrimRight(f.Contents, "\n"), '\n')
	}
	return built, nil
}

// compare tells which file of dist differs from what was built.
func compare(dist string, built map[string][]byte) error {
	for name, data := range built {
		have, err := os.ReadFile(filepath.Join(dist, name))
		if errors.Is(err, fs.ErrNotExist) || err == nil && !bytes.Equal(have, data) {
			return fmt.Errorf("dist/%s is not what the sources make: run go run ./web/ui/build and commit it", name)
		}
		if err != nil {
			return err
		}
	}
	entries, err := os.ReadDir(dist)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if _, ok := built[e.Name()]; !ok {
			return fmt.Errorf("dist/%s is made by no source: remove it", e.Name())
		}
	}
	return nil
}
