package main

import (
	"os"
	"path/filepath"
	"strings"
)

// mcpClient is a coding agent that starts MCP servers, and where it keeps which: under
// key, by name.
type mcpClient struct {
	name, title string
	project     string // file below the project's root; "" is none
	user        string // file below the home folder; "" is none
	// moved is the variable that moves the user's file: the file itself, or, with a
	// slash and a name behind it, its folder.
	moved  string
	key    string
	toml   bool // else JSON
	typed  bool // entries say that they are of type stdio
	byUser bool // the user's file is the default one
}

// mcpClients are the clients that `mcp install` knows. Excerpts of the pages of VS Code,
// Codex and Cline were read on 2026-11-28; the files of the others are believed, from
// pages about them. The vendors' own pages are
//
//   - claude-code: https://code.claude.com/docs/en/mcp.
//   - cline: https://docs.cline.bot/mcp/mcp-overview, the file of its command line. The
//     extension's own file, in a folder of its editor, is opened from its settings.
//   - codex: https://developers.openai.com/codex/mcp. CODEX_HOME is believed.
//   - copilot: https://code.visualstudio.com/docs/agents/reference/mcp-configuration
//   - cursor: https://cursor.com/docs/mcp
//   - vscode: https://code.visualstudio.com/docs/agents/reference/mcp-configuration.
//     The user's file depends on the profile, and is left to the editor's own command.
//   - windsurf: https://docs.windsurf.com/windsurf/cascade/mcp
var mcpClients = []mcpClient{
	{name: "claude-code", title: "Claude Code", project: ".mcp.json", user: ".claude.json", key: "mcpServers", typed: true},
	{name: "cline", title: "Cline", user: ".cline/data/settings/cline_mcp_settings.json", moved: "CLINE_MCP_SETTINGS_PATH", key: "mcpServers"},
	{name: "codex", title: "Codex", project: ".codex/config.toml", user: ".codex/config.toml", moved: "CODEX_HOME/config.toml", key: "mcp_servers", toml: true, byUser: true},
	{name: "copilot", title: "GitHub Copilot", project: ".mcp.json", user: ".copilot/mcp-config.json", moved: "COPILOT_HOME/mcp-config.json", key: "mcpServers", typed: true},
	{name: "cursor", title: "Cursor", project: ".cursor/mcp.json", user: ".cursor/mcp.json", key: "mcpServers"},
	{name: "vscode", title: "VS Code", project: ".vscode/mcp.json", key: "servers", typed: true},
	{name: "windsurf", title: "Windsurf", user: ".codeium/windsurf/mcp_config.json", key: "mcpServers"},
}

func mcpClientNames() []string {
	var names []string
	for _, c := range mcpClients {
		names = append(names, c.name)
	}
	return names
}

// Scopes of a client's configuration.
const (
	scopeProject = "project"
	scopeUser    = "user"
)

// scope returns the one that is meant, with "" the client's default.
func (c *mcpClient) scope(asked string) (string, error) {
	switch asked {
	case "":
		if c.project == "" || c.byUser {
			return scopeUser, nil
		}
		return scopeProject, nil
	case scopeProject, scopeUser:
	default:
		return "", &usageError{text: "--scope " + asked + ": want project or user"}
	}
	if asked == scopeProject && c.project == "" || asked == scopeUser && c.user == "" {
		return "", &usageError{text: c.title + " has no file of the scope " + asked + " that this command knows", hint: "leave out --scope"}
	}
	return asked, nil
}

// file returns the file of a scope.
func (c *mcpClient) file(scope, root string) (string, error) {
	if scope == scopeProject {
		return filepath.Join(root, filepath.FromSlash(c.project)), nil
	}
	variable, name, folder := strings.Cut(c.moved, "/")
	if at := os.Getenv(variable); variable != "" && at != "" {
		if folder {
			at = filepath.Join(at, name)
		}
		return filepath.Abs(at)
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, filepath.FromSlash(c.user)), err
}
