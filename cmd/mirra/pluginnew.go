package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/cmd/openapi"
)

// pluginNew starts a plugin from a vendor's description.
func (a *app) pluginNew() *cobra.Command {
	var description, replace string
	cmd := &cobra.Command{
		Use: "new NAME --openapi FILE", Short: "Start a plugin: a stateful mirror of a vendor's OpenAPI description",
		Long:    "Start a plugin in the folder NAME: a stateful mirror of a vendor's OpenAPI\ndescription, JSON or YAML, gzipped or not. Plain operations (create, read, update,\ndelete, list) keep what they are sent; the others answer 501 by name until you\nwrite them.",
		Example: "  mirra plugin new acme --openapi acme.yaml\n  mirra plugin build acme && mirra up --mirrors ./acme@v1.1.wasm",
		Args:    exactArgs(1, "a name for the mirror"),
		RunE: func(_ *cobra.Command, args []string) error {
			if description == "" {
				return &usageError{text: "plugin new needs a description", hint: "--openapi FILE"}
			}
			return a.newPlugin(args[0], a.inWorkingDir(description), replace)
		},
	}
	cmd.Flags().StringVar(&description, "openapi", "", "the vendor's OpenAPI 3 description")
	cmd.Flags().StringVar(&replace, "replace", "", "folder of Mirra's source to build with, instead of a released version")
	return cmd
}

func (a *app) newPlugin(name, file, replace string) error {
	if err := openapi.CheckName(name); err != nil {
		return &usageError{text: "name of a plugin: " + err.Error()}
	}
	folder := a.inWorkingDir(name)
	if _, err := os.Lstat(folder); !errors.Is(err, fs.ErrNotExist) {
		return &usageError{text: folder + " is there already", hint: "choose another name; nothing was written"}
	}
	d, err := openapi.Read(file)
	if err != nil {
		return &usageError{text: "read the description: " + err.Error()}
	}
	s := openapi.Skeleton{Name: name, File: file}
	if rel, err := filepath.Rel(folder, file); err == nil {
		s.File = filepath.ToSlash(rel)
	}
	if !insideMirra(folder) {
		s.Module, s.Version = "example.com/"+name, mirraVersion()
		if replace != "" {
			s.Replace = a.inWorkingDir(replace)
		}
	}
	files, err := d.Files(s)
	if err != nil {
		return err
	}
	for _, n := range sortedKeys(files) {
		if err := writeWhole(filepath.Join(folder, n), files[n]); err != nil {
			return err
		}
	}
	faults := d.Faults()
	if !a.flags.json {
		for _, f := range faults {
			a.out.say("left out: %s", f)
		}
	}
	return a.done(map[string]any{"folder": folder, "files": sortedKeys(files), "leftOut": faults},
		"✓ %s\n  mirra plugin build %s && mirra up --mirrors ./%s@v1.1.wasm", folder, name, name)
}

// insideMirra tells whether a folder belongs to Mirra's own module.
func insideMirra(folder string) bool {
	for at := filepath.Dir(folder); ; at = filepath.Dir(at) {
		text, err := os.ReadFile(filepath.Join(at, "go.mod"))
		if err == nil {
			first, _, _ := strings.Cut(string(text), "\n")
			return strings.TrimSpace(first) == "module github.com/mirrahq/mirra"
		}
		if at == filepath.Dir(at) {
			return false
		}
	}
}

// mirraVersion is the version of Mirra's module that this program was built of.
func mirraVersion() string {
	info, ok := debug.ReadBuildInfo()
	if ok && strings.HasPrefix(info.Main.Version, "v") && !slices.Contains([]string{"(devel)", ""}, info.Main.Version) {
		return info.Main.Version
	}
	return fmt.Sprintf("v%d.%d.%d", 0, 0, 0)
}
