package wasm

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// verdict turns what wazero reports into what a caller is told, and decides
// whether the instance can be used again.
func (in *instance) verdict(err error) error {
	switch {
	case in.trap != nil:
		if in.trap.Cause == host.TrapExit && in.memory.refused() {
			return &host.Trap{Cause: host.TrapMemory, Detail: outOfMemory + in.trap.Detail}
		}
		return in.trap
	case in.err != nil:
		return in.err
	case in.inside != nil:
		// A panic in the session's code: nobody knows how far it came.
		in.broken = true
		return fmt.Errorf("host function %s: %w", in.inside.name(), err)
	}
	text, _, _ := strings.Cut(err.Error(), "\n")
	text = strings.TrimPrefix(text, "wasm error: ")
	switch {
	case text == "stack overflow":
		in.broken = true
		return &host.Trap{Cause: host.TrapStack, Detail: "calls nest too deeply"}
	case in.memory.refused():
		return &host.Trap{Cause: host.TrapMemory, Detail: outOfMemory + text}
	}
	detail := in.stderr.detail()
	if in.stderr.panic {
		// A Go panic prints itself and runs into an unreachable.
		return &host.Trap{Cause: host.TrapExit, Detail: detail}
	}
	if detail != "" {
		text += ": " + detail
	}
	return &host.Trap{Cause: host.TrapFault, Detail: text}
}

var outOfMemory = fmt.Sprintf("asked for more than %d MB, then: ", abi.MaxMemoryBytes>>20)

const (
	stderrLines     = 8
	stderrLineBytes = 400
)

// stderr keeps the lines of a guest's standard error that explain its end: the
// first of a Go panic, else the last.
type stderr struct {
	line  []byte // not ended yet
	lines []string
	panic bool // lines starts with a panic and is not to be shifted
}

// keep returns an empty stderr with the buffers of s.
func (s *stderr) keep() stderr { return stderr{line: s.line[:0], lines: s.lines[:0]} }

// write splits p into lines and calls each for the ended ones.
func (s *stderr) write(p []byte, each func(line []byte)) {
	for len(p) > 0 {
		i := bytes.IndexByte(p, '\n')
		n := i
		if i < 0 {
			n = len(p)
		}
		if room := stderrLineBytes - len(s.line); room > 0 {
			s.line = append(s.line, p[:min(n, room)]...)
		}
		if i < 0 {
			return
		}
		s.add(string(s.line))
		each(s.line)
		s.line = s.line[:0]
		p = p[i+1:]
	}
}

func (s *stderr) add(line string) {
	if !s.panic && (strings.HasPrefix(line, "panic: ") || strings.HasPrefix(line, "fatal error: ")) {
		s.panic, s.lines = true, s.lines[:0]
	}
	if len(s.lines) < stderrLines {
		s.lines = append(s.lines, line)
	} else if !s.panic {
		copy(s.lines, s.lines[1:])
		s.lines[stderrLines-1] = line
	}
}

func (s *stderr) detail() string {
	lines := s.lines
	if len(s.line) > 0 {
		lines = append(lines[:len(lines):len(lines)], string(s.line))
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}
