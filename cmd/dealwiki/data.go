package main

import (
	"errors"
	"flag"
	"fmt"
	"os"

	"github.com/creachadair/command"

	"dealwiki/wiki"
	"dealwiki/wiki/people"
	"dealwiki/wiki/transfer"
)

func exportCommand(std stdio) *command.C {
	var data, prospect, section, file string
	return &command.C{
		Name:  "export",
		Usage: "export -data DIR -prospect NAME [-section internal|external] -o FILE.zip",
		Help:  "Write markdown, attachments and a static site of one side, or both, to a ZIP file. Works beside a running server.",
		SetFlags: flags(func(fs *flag.FlagSet) {
			dataFlag(fs, &data)
			fs.StringVar(&prospect, "prospect", "", "slug of the prospect (required)")
			fs.StringVar(&section, "section", "", "internal or external; both when it is left out")
			fs.StringVar(&file, "o", "", "the ZIP file to write (required)")
		}),
		Run: command.Adapt(func(env *command.Env) error {
			if err := needData(data); err != nil {
				return err
			}
			if prospect == "" || file == "" {
				return usagef("name the prospect with -prospect and the file with -o")
			}
			if section != "" && section != string(wiki.Internal) && section != string(wiki.External) {
				return usagef("-section is internal or external")
			}
			o := transfer.ExportOptions{Prospect: prospect}
			if section != "" {
				o.Sections = []wiki.Section{wiki.Section(section)}
			}
			return withWiki(env.Context(), data, true, std, func(w *wiki.Wiki) error {
				return writeFile(file, func(f *os.File) error { return transfer.Export(env.Context(), w, cli, f, o) })
			})
		}),
	}
}

// writeFile writes a new file whole, or leaves none.
func writeFile(name string, write func(*os.File) error) (err error) {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%s is there already; choose another name or remove it", name)
	}
	if err != nil {
		return fmt.Errorf("making %s: %w", name, err)
	}
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(name))
	}
	return nil
}

func backupCommand(std stdio) *command.C {
	var data, file string
	return &command.C{
		Name:  "backup",
		Usage: "backup -data DIR -o FILE",
		Help:  "Write a consistent copy of everything. Works beside a running server.",
		SetFlags: flags(func(fs *flag.FlagSet) {
			dataFlag(fs, &data)
			fs.StringVar(&file, "o", "", "the file to write (required)")
		}),
		Run: command.Adapt(func(env *command.Env) error {
			if err := needData(data); err != nil {
				return err
			}
			if file == "" {
				return usagef("name the file with -o FILE")
			}
			return writeFile(file, func(f *os.File) error {
				return transfer.Backup(env.Context(), data, f, transfer.BackupOptions{Logger: logger(std.err), Progress: printProgress(std.err)})
			})
		}),
	}
}

func restoreCommand(std stdio) *command.C {
	var data string
	return &command.C{
		Name:     "restore",
		Usage:    "restore -data DIR FILE",
		Help:     "Make a data folder of a backup. The folder must be empty or missing. Sessions and API tokens end.",
		SetFlags: flags(func(fs *flag.FlagSet) { dataFlag(fs, &data) }),
		Run: command.Adapt(func(env *command.Env, file string) error {
			if err := needData(data); err != nil {
				return err
			}
			f, err := os.Open(file)
			if err != nil {
				return fmt.Errorf("opening the backup: %w", err)
			}
			defer f.Close()
			if err := transfer.Restore(env.Context(), f, data, transfer.BackupOptions{Logger: logger(std.err), Progress: printProgress(std.err)}); err != nil {
				return err
			}
			// A token or session that was ended since the backup must not come
			// back with it, and which those were the backup cannot know.
			err = withPeople(data, func(db *people.DB) error { return db.DropSecrets(env.Context(), cli) })
			if err != nil {
				return fmt.Errorf("ending the sessions and tokens of the backup: %w", err)
			}
			_, err = fmt.Fprintln(std.out, "restored; everybody signs in again, and API tokens have to be made anew")
			return err
		}),
	}
}
