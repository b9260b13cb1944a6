package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"

	"github.com/mirrahq/mirra/host/assembly"
)

// dirs is where Mirra keeps things of this user: the XDG directories, or all in
// MIRRA_HOME.
type dirs struct{ Config, State, Cache, Data string }

func findDirs() (dirs, error) {
	if home := os.Getenv("MIRRA_HOME"); home != "" {
		home, err := filepath.Abs(home)
		if err != nil {
			return dirs{}, err
		}
		cache, err := assembly.UserCache()
		return dirs{filepath.Join(home, "config"), filepath.Join(home, "state"), cache, filepath.Join(home, "data")}, err
	}
	config, err := os.UserConfigDir()
	if err != nil {
		return dirs{}, fmt.Errorf("no folder for configuration: %w; set MIRRA_HOME", err)
	}
	cache, err := assembly.UserCache()
	if err != nil {
		return dirs{}, err
	}
	// os has functions for these two only.
	state, data := os.Getenv("XDG_STATE_HOME"), os.Getenv("XDG_DATA_HOME")
	if home, err := os.UserHomeDir(); err == nil && runtime.GOOS != "windows" && runtime.GOOS != "darwin" {
		if !filepath.IsAbs(state) {
			state = filepath.Join(home, ".local", "state")
		}
		if !filepath.IsAbs(data) {
			data = filepath.Join(home, ".local", "share")
		}
	}
	if state == "" {
		state = filepath.Join(cache, "state")
	}
	if data == "" {
		data = filepath.Join(config, "mirra", "data")
	}
	return dirs{filepath.Join(config, "mirra"), filepath.Join(state, "mirra"), cache, filepath.Join(data, "mirra")}, nil
}

// projectRoot returns the nearest folder upward with mirra.yaml or mirra.lock,
// else the root of the git work tree, else folder itself.
func projectRoot(folder string) string {
	for _, names := range [][]string{{"mirra.yaml", "mirra.lock"}, {".git"}} {
		for at := folder; ; {
			for _, n := range names {
				if _, err := os.Lstat(filepath.Join(at, n)); err == nil {
					return at
				}
			}
			up := filepath.Dir(at)
			if up == at {
				break
			}
			at = up
		}
	}
	return folder
}

// resolveFolder returns the folder that path, as written in wd, names.
func resolveFolder(wd, path string) (string, error) {
	if !filepath.IsAbs(path) {
		path = filepath.Join(wd, path)
	}
	info, err := os.Stat(path)
	if err == nil && !info.IsDir() {
		err = fmt.Errorf("%s is not a folder", path)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", &usageError{text: "there is no folder " + path}
	}
	return filepath.Clean(path), err
}
