package main

import (
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/mirrahq/mirra/host/nearest"
)

// agent is a coding agent that a run can start, without a terminal and without questions.
type agent struct {
	name, title string
	program     string   // on the PATH
	install     string   // the command, or the page, that installs it
	args        []string // with placeholders; when none is of the prompt, that is its input
	env         map[string]string
	project     string   // file of its own in the work tree that gets the MCP server; "" is none
	hosts       []string // that it calls itself, with all below them
	bases       []string // variables with the URL of another host that it calls
}

// agents are those that are known, besides "custom". Each may edit the files of the work
// tree and run commands without asking, and gets the server `mirra mcp` for the one run:
// no configuration of the user's is written, and the user's own servers are there too,
// but for Claude Code and Cline.
//
// On 2026-11-28 the programs of the versions named were run with exactly these arguments,
// and started the MCP server; no model answered. What else they were taken from:
//
//   - claude-code 2.1.197, npm @anthropic-ai/claude-code: claude --help;
//     https://docs.claude.com/en/docs/claude-code/headless, excerpts. acceptEdits is for
//     the work tree alone, and Claude Code refuses --dangerously-skip-permissions to root
//     (believed).
//   - codex 0.171.0, npm @openai/codex: codex exec --help. MCP servers get few variables
//     of Codex's own, so those that a server needs are named in env_vars (believed: pull
//     request 6845 of github.com/openai/codex; one was seen to arrive). Without
//     default_tools_approval_mode tools of MCP are declined in exec (issues 16685, 24135).
//   - copilot 1.0.102, npm @github/copilot: copilot --help, copilot help environment;
//     https://docs.github.com/en/copilot/reference/copilot-cli-reference/cli-programmatic-reference, excerpt.
//   - cline 3.0.65, npm cline: cline --help and its README. CLINE_MCP_SETTINGS_PATH and
//     CLINE_SESSION_BACKEND_MODE are in the program, the latter in no page that was found:
//     it keeps the run out of a daemon that has another environment.
//   - cursor was not run. https://cursor.com/docs/cli/mcp and the page on headless use
//     (excerpts) have -p, --force and the project's file; --approve-mcps, --trust and
//     --workspace are believed, from pages about it.
//
// The hosts are believed.
var agents = []agent{
	{
		name: "claude-code", title: "Claude Code", program: "claude", install: "npm install -g @anthropic-ai/claude-code",
		args:  []string{"-p", "--permission-mode", "acceptEdits", "--allowedTools", "Bash,mcp__mirra", "--mcp-config", "{mcp-config}", "--strict-mcp-config"},
		hosts: []string{"anthropic.com", "claude.ai", "claude.com"}, bases: []string{"ANTHROPIC_BASE_URL", "ANTHROPIC_BEDROCK_BASE_URL", "ANTHROPIC_VERTEX_BASE_URL"},
	},
	{
		name: "codex", title: "Codex", program: "codex", install: "npm install -g @openai/codex",
		args:  []string{"exec", "--sandbox", "workspace-write", "-c", "sandbox_workspace_write.network_access=true", "-c", "mcp_servers.mirra={mcp-toml}", "--skip-git-repo-check", "--color", "never", "-"},
		hosts: []string{"openai.com", "chatgpt.com"}, bases: []string{"OPENAI_BASE_URL"},
	},
	{
		name: "copilot", title: "GitHub Copilot", program: "copilot", install: "npm install -g @github/copilot",
		args:  []string{"-p", "{prompt}", "--allow-all-tools", "--allow-all-urls", "--no-ask-user", "--no-auto-update", "--no-color", "--additional-mcp-config", "@{mcp-config}"},
		hosts: []string{"github.com", "githubcopilot.com", "githubusercontent.com"}, bases: []string{"COPILOT_PROVIDER_BASE_URL"},
	},
	{
		name: "cursor", title: "Cursor", program: "cursor-agent", install: "see https://cursor.com/docs/cli/installation",
		args:  []string{"-p", "--force", "--trust", "--approve-mcps", "--workspace", "{workdir}", "--output-format", "text", "{prompt}"},
		hosts: []string{"cursor.sh", "cursor.com"}, project: ".cursor/mcp.json",
	},
	{
		name: "cline", title: "Cline", program: "cline", install: "npm install -g cline",
		args:  []string{"--auto-approve", "true", "--cwd", "{workdir}", "{prompt}"},
		env:   map[string]string{"CLINE_MCP_SETTINGS_PATH": "{mcp-config}", "CLINE_SESSION_BACKEND_MODE": "local"},
		hosts: []string{"cline.bot", "anthropic.com", "openai.com", "openrouter.ai"},
	},
}

// customAgent is the name of the one that mirra.yaml has the command of.
const customAgent = "custom"

// placeholder is what stands in an agent's command for something of the run; other
// braces mean nothing.
var placeholder = regexp.MustCompile(`\{[a-z][a-z-]*\}`)

// placeholders are those of a custom agent's command.
var placeholders = []string{"{mcp-config}", "{prompt-file}", "{prompt}", "{workdir}"}

// agentConfig is the key agent of mirra.yaml: {command: text or list}.
type agentConfig struct{ Command []string }

// UnmarshalYAML implements yaml.Unmarshaler.
func (c *agentConfig) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return positioned(n, "agent: want command: \"my-agent --prompt {prompt} --mcp {mcp-config}\" below it")
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Value != "command" {
			return positioned(key, "unknown key %q: want command", key.Value)
		}
		if c.Command != nil {
			return positioned(key, "key %q is there twice", key.Value)
		}
		switch {
		case value.Kind == yaml.ScalarNode:
			words, ok := splitWords(value.Value)
			if !ok {
				return positioned(value, "command: a quote is not closed")
			}
			c.Command = words
		case value.Decode(&c.Command) != nil:
			return positioned(value, "command: want a text, or a list of texts")
		}
		if len(c.Command) == 0 || c.Command[0] == "" {
			return positioned(value, "command: want a program and its arguments")
		}
		if placeholder.MatchString(c.Command[0]) {
			return positioned(value, "command: the program is a placeholder: want its name first")
		}
		for _, found := range placeholder.FindAllString(strings.Join(c.Command, " "), -1) {
			if !slices.Contains(placeholders, found) {
				text := "want " + strings.Join(placeholders, ", ")
				if best := nearest.Word(found, placeholders); best != "" {
					text = "did you mean " + best + "? " + text
				}
				return positioned(value, "command: unknown placeholder %s (%s)", found, text)
			}
		}
	}
	return nil
}

// splitWords takes a command line apart at its blanks. Quotes of either kind keep words
// together; nothing else has a meaning, as no shell sees it. ok is false when a quote is
// not closed.
func splitWords(text string) (words []string, ok bool) {
	var word strings.Builder
	quote, begun := rune(0), false
	for _, r := range text {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '"' || r == '\'':
			quote, begun = r, true
		case r == ' ' || r == '\t' || r == '\n' || r == '\r':
			if begun {
				words = append(words, word.String())
			}
			word.Reset()
			begun = false
		default:
			begun = true
			word.WriteRune(r)
		}
	}
	if begun {
		words = append(words, word.String())
	}
	return words, quote == 0
}
