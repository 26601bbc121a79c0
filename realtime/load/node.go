package load

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// InstallNode copies the files of a folder to one beside which the npm packages
// of its package-lock.json are installed, and answers that. It is kept between
// runs, in the user's cache. It needs node and npm.
func InstallNode(from string) (dir string, err error) {
	for _, name := range []string{"node", "npm"} {
		if _, err := exec.LookPath(name); err != nil {
			return "", err
		}
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = os.TempDir()
	}
	names, err := filepath.Glob(filepath.Join(from, "*.*js*"))
	if err != nil || len(names) == 0 {
		return "", fmt.Errorf("looking for scripts in %s: %w", from, os.ErrNotExist)
	}
	files := map[string][]byte{}
	sum := sha256.New()
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("reading a script: %w", err)
		}
		files[filepath.Base(name)] = b
		sum.Write(b)
	}
	dir = filepath.Join(cache, "dealwiki-test", "node-"+hex.EncodeToString(sum.Sum(nil)[:6]))
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return "", fmt.Errorf("making a folder for npm packages: %w", err)
	}
	fresh, err := os.MkdirTemp(filepath.Dir(dir), "install-")
	if err != nil {
		return "", fmt.Errorf("making a folder for npm packages: %w", err)
	}
	defer os.RemoveAll(fresh) //nolint:errcheck // it is a cache
	for name, b := range files {
		if err := os.WriteFile(filepath.Join(fresh, name), b, 0o644); err != nil {
			return "", fmt.Errorf("copying a script: %w", err)
		}
	}
	cmd := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	cmd.Dir = fresh
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm ci: %w: %s", err, out)
	}
	if err := os.Rename(fresh, dir); err != nil {
		if _, there := os.Stat(filepath.Join(dir, "node_modules")); there != nil {
			return "", fmt.Errorf("keeping npm packages: %w", err)
		} // another run was faster
	}
	return dir, nil
}
