package main

import (
	"bufio"
	"os"
	"path/filepath"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// envFiles are read for secrets, the first that has a variable wins.
var envFiles = []string{".env.local", ".env"}

// findSecrets returns the values of the variables that manifests read secrets
// from: the environment's, else those of the project's env files.
func (a *app) findSecrets(manifests map[string]*abi.Manifest) map[string]host.KnownSecret {
	found := map[string]host.KnownSecret{}
	var files []map[string]string
	for _, name := range envFiles {
		files = append(files, readEnvFile(filepath.Join(a.cfg.ProjectRoot, name)))
	}
	for _, m := range manifests {
		for _, s := range m.Secrets {
			for _, variable := range s.Env {
				if v := os.Getenv(variable); v != "" {
					found[variable] = host.KnownSecret{Value: v, From: "the environment"}
					continue
				}
				for i, f := range files {
					if v := f[variable]; v != "" {
						found[variable] = host.KnownSecret{Value: v, From: envFiles[i]}
						break
					}
				}
			}
		}
	}
	return found
}

// readEnvFile reads NAME=value lines as dotenv does: export, quotes, comments.
// A file that cannot be read has nothing.
func readEnvFile(path string) map[string]string {
	vars := map[string]string{}
	f, err := os.Open(path)
	if err != nil {
		return vars
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		line := strings.TrimPrefix(strings.TrimSpace(lines.Text()), "export ")
		name, value, ok := strings.Cut(line, "=")
		name = strings.TrimSpace(name)
		if !ok || name == "" || strings.HasPrefix(name, "#") {
			continue
		}
		vars[name] = unquote(strings.TrimSpace(value))
	}
	return vars
}

func unquote(v string) string {
	if len(v) > 0 && (v[0] == '"' || v[0] == '\'' || v[0] == '`') {
		if end := strings.IndexByte(v[1:], v[0]); end >= 0 {
			return v[1 : 1+end]
		}
		return v
	}
	if i := strings.Index(v, " #"); i >= 0 {
		v = strings.TrimSpace(v[:i])
	}
	return v
}
