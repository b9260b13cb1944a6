// Package npmregistry serves packed npm packages as a registry does, so that tests
// install what would be published, with npm itself and the commands that users type.
package npmregistry

import (
	"archive/tar"
	"compress/gzip"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// packed is one packed package.
type packed struct {
	file      string
	about     map[string]any // its package.json
	integrity string
}

// Registry is an http.Handler that serves the packages of a folder.
type Registry struct{ byName map[string]*packed }

// Open reads the packages, *.tgz, of a folder.
func Open(folder string) (*Registry, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.tgz"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("no packages in %s: run make npm", folder)
	}
	r := &Registry{byName: map[string]*packed{}}
	for _, file := range files {
		p, err := open(file)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		name, _ := p.about["name"].(string)
		r.byName[name] = p
	}
	return r, nil
}

func open(file string) (*packed, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha512.New()
	unpacked, err := gzip.NewReader(io.TeeReader(f, sum))
	if err != nil {
		return nil, err
	}
	p := &packed{file: file}
	for t := tar.NewReader(unpacked); ; {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		if h.Name == "package/package.json" {
			if err := json.NewDecoder(t).Decode(&p.about); err != nil {
				return nil, err
			}
		}
	}
	if _, err := io.Copy(io.Discard, io.TeeReader(f, sum)); err != nil { // what gzip left unread
		return nil, err
	}
	if p.about == nil {
		return nil, errors.New("there is no package.json in it")
	}
	p.integrity = "sha512-" + base64.StdEncoding.EncodeToString(sum.Sum(nil))
	return p, nil
}

// ServeHTTP answers GET /NAME with what is known of a package, and GET /-/FILE with
// its bytes.
func (r *Registry) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	name, err := url.PathUnescape(strings.TrimPrefix(req.URL.EscapedPath(), "/"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if file, ok := strings.CutPrefix(name, "-/"); ok {
		for _, p := range r.byName {
			if filepath.Base(p.file) == path.Base(file) {
				http.ServeFile(w, req, p.file)
				return
			}
		}
	}
	p := r.byName[name]
	if p == nil {
		http.NotFound(w, req)
		return
	}
	version, _ := p.about["version"].(string)
	about := map[string]any{"dist": map[string]any{"tarball": "http://" + req.Host + "/-/" + filepath.Base(p.file), "integrity": p.integrity}}
	for k, v := range p.about {
		about[k] = v
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"name": name, "dist-tags": map[string]any{"latest": version}, "versions": map[string]any{version: about}}) // a client that went away
}
