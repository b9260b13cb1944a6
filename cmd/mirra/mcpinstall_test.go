package main

import (
	"encoding/json"
	"reflect"
	"testing"

	"github.com/pelletier/go-toml/v2"
	"github.com/tailscale/hujson"
)

// FuzzMCPInstall writes an entry into whatever a client's file holds and takes it out
// again: what else there is means the same before and after.
func FuzzMCPInstall(f *testing.F) {
	for _, text := range []string{
		"", "{}", "{\n\t// a\n\t\"mcpServers\": {\n\t\t\"x\": {}, // b\n\t},\n}", `{"mcpServers":{"mirra":{"command":"a","args":["b"],"env":{}}}}`, `{"a":1 /* c */}`, "[]", `{"mcpServers":null}`, "{\"mcpServers\":{\"x\":1\n//c\n}}",
		"a = 1\n", "[mcp_servers.mirra]\ncommand = 'x' # y\n[mcp_servers.\"mirra\".env]\nA = '''\n[z]\n'''\n", "mcp_servers.mirra.command = 'x'", "[[mcp_servers]]\n", "[mcp_servers]\n[mcp_servers.x]\nargs = [\n'[a]',\n]", "a = \"\"\"\n[mcp_servers.mirra]\n\"\"\"",
	} {
		f.Add(text, true)
		f.Add(text, false)
	}
	f.Fuzz(func(t *testing.T, text string, isTOML bool) {
		c := mcpClient{key: "mcpServers", typed: true}
		edit, read := editJSON, func(b []byte) (all map[string]any, err error) {
			if b, err = hujson.Standardize(b); err == nil {
				err = json.Unmarshal(b, &all)
			}
			return all, err
		}
		if isTOML {
			c = mcpClient{key: "mcp_servers", toml: true}
			edit, read = editTOML, func(b []byte) (all map[string]any, err error) { return all, toml.Unmarshal(b, &all) }
		}
		before, err := read([]byte(text))
		if err != nil {
			before = nil
		}
		command := []string{"mirra", "mcp", "a \"b\" \\ \t<é"}
		with, _, err := edit([]byte(text), &c, command)
		if err != nil {
			return // refused, and nothing is written
		}
		all, err := read(with)
		if err != nil {
			t.Fatalf("%q became %q: %v", text, with, err)
		}
		servers, _ := all[c.key].(map[string]any)
		entry, _ := servers[mcpEntry].(map[string]any)
		if args, _ := entry["args"].([]any); entry["command"] != "mirra" || !reflect.DeepEqual(args, []any{"mcp", command[2]}) {
			t.Fatalf("%q became %q", text, with)
		}
		again, done, err := edit(with, &c, command)
		if err != nil || done != mcpUnchanged || string(again) != string(with) {
			t.Errorf("again: %s, %v: %q", done, err, again)
		}
		without, done, err := edit(with, &c, nil)
		if err != nil {
			return // an entry in a form that only people can take out
		}
		after, err := read(without)
		if err != nil || done != mcpRemoved {
			t.Fatalf("%q became %q: %s, %v", with, without, done, err)
		}
		if !reflect.DeepEqual(others(before, c.key), others(after, c.key)) {
			t.Errorf("%q became %q", text, without)
		}
	})
}

// others is a document without Mirra's entry, and without what has nothing else in it.
func others(all map[string]any, key string) map[string]any {
	out := map[string]any{}
	for name, v := range all {
		if servers, ok := v.(map[string]any); ok && name == key {
			delete(servers, mcpEntry)
			if len(servers) == 0 {
				continue
			}
		}
		out[name] = v
	}
	return out
}
