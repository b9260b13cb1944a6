package vendorsuite

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf8"
)

// maxRecording bounds what one file may unpack to, so that a small archive
// cannot fill memory.
const maxRecording = 2 << 30

// Read reads files, and all recordings below folders: JSON lines, VCR
// cassettes (Ruby's, Python's and Go's) and HAR archives, gzipped or not. What
// cannot be read is noted with its place and the rest goes on; an error means
// that a path is not there.
func Read(paths ...string) (*Recordings, error) { return ReadSource("", paths...) }

// ReadSource reads as Read does, but only cassettes with source in their names.
func ReadSource(source string, paths ...string) (*Recordings, error) {
	r := &Recordings{only: source}
	for _, path := range paths {
		if err := r.readPath(path); err != nil {
			return nil, err
		}
	}
	r.finish()
	return r, nil
}

func (r *Recordings) readPath(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return r.readFile(path)
	}
	return filepath.WalkDir(path, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || formatOf(p) == "" {
			return err
		}
		return r.readFile(p)
	})
}

// formatOf tells a recording's format by its name, "" for other files.
func formatOf(path string) string {
	name := strings.TrimSuffix(strings.ToLower(filepath.Base(path)), ".gz")
	switch filepath.Ext(name) {
	case ".jsonl", ".ndjson":
		return "jsonl"
	case ".yml", ".yaml":
		return "vcr"
	case ".har":
		return "har"
	}
	return ""
}

func (r *Recordings) readFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	r.read(path, f)
	return nil
}

// read reads one recording. Its place and the cassette's default name are its
// path's last parts.
func (r *Recordings) read(path string, in io.Reader) {
	name := filepath.Base(path)
	b := bufio.NewReaderSize(in, 1<<20)
	if magic, _ := b.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(b)
		if err != nil {
			r.note("unreadable", name, "gzip: "+err.Error())
			return
		}
		b = bufio.NewReaderSize(io.LimitReader(z, maxRecording), 1<<20)
	}
	switch formatOf(path) {
	case "jsonl":
		r.readLines(name, b)
	case "vcr":
		r.readWhole(name, b, r.readVCR)
	case "har":
		r.readWhole(name, b, r.readHAR)
	default:
		r.note("unreadable", name, "not a recording that is known: want .jsonl, .yml, .yaml or .har, with or without .gz")
	}
}

func (r *Recordings) readWhole(name string, in io.Reader, parse func(name string, text []byte)) {
	text, err := io.ReadAll(in)
	if err != nil {
		r.note("truncated", name, "the file ends early: "+err.Error())
		return
	}
	parse(name, text)
}

// body undoes how a recorder kept a body: the content coding the header names,
// if the recorder left it, and base64.
func body(text string, h http.Header) (string, error) {
	switch coding := strings.ToLower(h.Get("Content-Encoding")); {
	case coding == "gzip" && strings.HasPrefix(text, "\x1f\x8b"):
		z, err := gzip.NewReader(strings.NewReader(text))
		if err != nil {
			return "", fmt.Errorf("gzip: %w", err)
		}
		return unpack(z)
	case coding == "deflate" && len(text) > 1 && text[0] == 0x78:
		z, err := zlib.NewReader(strings.NewReader(text))
		if err != nil {
			return "", fmt.Errorf("deflate: %w", err)
		}
		return unpack(z)
	case coding != "" && coding != "identity" && !utf8.ValidString(text):
		return "", fmt.Errorf("the body is compressed by %q, which is not read", printable(coding))
	}
	if plain, ok := plainBody(text, h); ok {
		return plain, nil
	}
	return text, nil
}

func unpack(z io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(z, maxRecording))
	if err != nil {
		return "", fmt.Errorf("the compressed body ends early: %w", err)
	}
	return string(text), nil
}

// plainBody decodes a body of JSON or of several parts that a recorder kept as
// base64 without saying so, as exports of Ruby's base64_string do.
func plainBody(text string, h http.Header) (string, bool) {
	begins, typ := "", h.Get("Content-Type")
	switch {
	case strings.Contains(typ, "json"):
		begins = "{["
	case strings.HasPrefix(typ, "multipart/"):
		begins = "-"
	}
	if len(text) < 8 || begins == "" || strings.IndexByte(begins, text[0]) >= 0 {
		return "", false
	}
	plain, err := base64.StdEncoding.DecodeString(strings.NewReplacer("\n", "", "\r", "").Replace(text))
	if err != nil || len(plain) == 0 || strings.IndexByte(begins, plain[0]) < 0 || begins != "-" && !utf8.Valid(plain) {
		return "", false
	}
	return string(plain), true
}

// answeredAt returns when an answer was made: by its Date header, else by the
// recorder's own time stamp.
func answeredAt(h http.Header, recorded string) time.Time {
	if t, err := http.ParseTime(h.Get("Date")); err == nil {
		return t.UTC()
	}
	for _, layout := range []string{time.RFC3339Nano, http.TimeFormat, "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05"} {
		if t, err := time.Parse(layout, recorded); err == nil {
			return t.UTC().Truncate(time.Second)
		}
	}
	return time.Time{}
}

// sound checks what every exchange needs.
func (e *Exchange) sound() error {
	var faults []string
	if e.Method == "" || strings.ContainsFunc(e.Method, func(c rune) bool { return c < 'A' || c > 'Z' }) {
		faults = append(faults, fmt.Sprintf("method %q", printable(e.Method)))
	}
	if !strings.HasPrefix(e.URL, "http://") && !strings.HasPrefix(e.URL, "https://") {
		faults = append(faults, fmt.Sprintf("URL %q", printable(e.URL)))
	}
	if e.Status < 100 || e.Status > 599 {
		faults = append(faults, fmt.Sprintf("status %d", e.Status))
	}
	if faults != nil {
		return errors.New("not an exchange: " + strings.Join(faults, ", "))
	}
	return nil
}

// take adds an exchange that was read, or notes why not.
func (r *Recordings) take(e *Exchange) {
	if !strings.Contains(e.Source, r.only) {
		return
	}
	err := e.sound()
	if err == nil {
		e.Body, err = body(e.Body, e.Header)
	}
	if err == nil {
		e.RequestBody, err = body(e.RequestBody, e.RequestHeader)
	}
	if err != nil {
		r.note("not an exchange", e.Place, err.Error()+"; left out")
		return
	}
	e.Header.Del("Content-Encoding")
	e.RequestHeader.Del("Content-Encoding")
	r.add(e)
}

// printable shortens text from outside and takes control characters out of it.
func printable(s string) string {
	const most = 200
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return strings.Map(func(c rune) rune {
		if c < ' ' || c >= 0x7f && c < 0xa0 {
			return '�'
		}
		return c
	}, s)
}
