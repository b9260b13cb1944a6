package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/pelletier/go-toml/v2"
	"github.com/pelletier/go-toml/v2/unstable"
)

// editTOML is editJSON for TOML. The library that reads it cannot write what it has read
// with its comments, so that lines are put in and taken out; what comes out is read
// again before it is taken.
func editTOML(text []byte, c *mcpClient, command []string) ([]byte, string, error) {
	have, found, err := readTOMLEntry(text, c)
	if err != nil {
		return nil, "", err
	}
	if found && command != nil && have.Command == command[0] && slices.Equal(have.Args, command[1:]) || !found && command == nil {
		return text, mcpUnchanged, nil
	}
	lines, err := tomlLines(text)
	if err != nil {
		return nil, "", err
	}
	path := []string{c.key, mcpEntry}
	var out []byte
	done, at := mcpAdded, 0
	for i, l := range lines {
		end := len(text)
		if i+1 < len(lines) {
			end = lines[i+1].start
		}
		own := len(l.table) >= 2 && slices.Equal(l.table[:2], path)
		// What is empty or a comment in front of the next line is that line's.
		body := l.start + len(tomlBody(text[l.start:end]))
		switch {
		case command == nil && own:
			out = append(out, text[at:l.start]...)
			if at, done = body, mcpRemoved; i+1 < len(lines) && len(lines[i+1].table) >= 2 && slices.Equal(lines[i+1].table[:2], path) {
				at = end // comments within it go with it
			}
		case own && len(l.table) == 2 && l.key == nil:
			out = append(out, text[at:body]...)
			out = append(out, tomlCommand(command)...)
			at, done = body, mcpUpdated
		case own && len(l.table) == 2 && len(l.key) == 1 && (l.key[0] == "command" || l.key[0] == "args"):
			out = append(out, text[at:l.start]...)
			at = body
		}
	}
	out = append(out, text[at:]...)
	if done == mcpAdded && command != nil {
		if len(out) > 0 {
			out = append(bytes.TrimRight(out, "\n"), "\n\n"...)
		}
		out = append(out, "["+strings.Join(path, ".")+"]\n"+string(tomlCommand(command))...)
	}
	got, found, err := readTOMLEntry(out, c)
	if err != nil || found != (command != nil) || found && (got.Command != command[0] || !slices.Equal(got.Args, command[1:])) {
		return nil, "", fmt.Errorf("%s.%s is written in a form that this command does not change", c.key, mcpEntry)
	}
	return out, done, nil
}

// tomlEntry is a server as the client's file has it.
type tomlEntry struct {
	Command string   `toml:"command"`
	Args    []string `toml:"args"`
}

func readTOMLEntry(text []byte, c *mcpClient) (e tomlEntry, found bool, err error) {
	var all map[string]any
	if err := toml.Unmarshal(text, &all); err != nil {
		if d, ok := errors.AsType[*toml.DecodeError](err); ok {
			line, column := d.Position()
			return e, false, fmt.Errorf("line %d, column %d: it is not TOML: %w", line, column, err)
		}
		return e, false, fmt.Errorf("it is not TOML: %w", err)
	}
	servers, ok := all[c.key].(map[string]any)
	if !ok {
		if all[c.key] != nil {
			return e, false, fmt.Errorf("%s is not a table", c.key)
		}
		return e, false, nil
	}
	entry, ok := servers[mcpEntry].(map[string]any)
	if !ok {
		if servers[mcpEntry] != nil {
			return e, false, fmt.Errorf("%s.%s is not a table", c.key, mcpEntry)
		}
		return e, false, nil
	}
	e.Command, _ = entry["command"].(string)
	args, _ := entry["args"].([]any)
	for _, v := range args {
		e.Args = append(e.Args, fmt.Sprint(v))
	}
	return e, true, nil
}

// tomlLine is where an expression begins: a table's header, or a key in a table.
type tomlLine struct {
	start int
	table []string
	key   []string // nil for a header
}

func tomlLines(text []byte) ([]tomlLine, error) {
	var p unstable.Parser
	p.Reset(text)
	var all []tomlLine
	var table []string
	for p.NextExpression() {
		e := p.Expression()
		var words []string
		offset := -1
		for keys := e.Key(); keys.Next(); {
			n := keys.Node()
			words = append(words, string(n.Data))
			if offset < 0 {
				offset = int(n.Raw.Offset)
			}
		}
		if offset < 0 {
			continue
		}
		l := tomlLine{start: bytes.LastIndexByte(text[:offset], '\n') + 1, table: table, key: words}
		if e.Kind == unstable.Table || e.Kind == unstable.ArrayTable {
			table = words
			l.table, l.key = words, nil
		}
		all = append(all, l)
	}
	return all, p.Error()
}

// tomlBody cuts off the empty lines and the comments behind an expression.
func tomlBody(text []byte) []byte {
	lines := bytes.SplitAfter(text, []byte("\n"))
	for n := len(lines); n > 1; n-- {
		if l := bytes.TrimSpace(lines[n-1]); len(l) > 0 && l[0] != '#' {
			return bytes.Join(lines[:n], nil)
		}
	}
	return lines[0]
}

// tomlCommand writes a command; JSON's strings are TOML's.
func tomlCommand(command []string) []byte {
	var b bytes.Buffer
	words := make([]string, len(command))
	for i, w := range command {
		text := new(bytes.Buffer)
		e := json.NewEncoder(text)
		e.SetEscapeHTML(false)
		_ = e.Encode(w) // a string always can
		words[i] = strings.TrimSpace(text.String())
	}
	fmt.Fprintf(&b, "command = %s\nargs = [%s]\n", words[0], strings.Join(words[1:], ", "))
	return b.Bytes()
}
