package main

import (
	"encoding/json"
	"path"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/host"
)

func (a *app) stateCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "state [MIRROR [ENTITY]]", Short: "Show the objects that mirrors hold",
		Long: "Show the objects that mirrors hold. With --json the answer is a seed: give it\nto `mirra up --seed-file` and the same state is there again.",
		Args: rangeArgs(0, 2, "a mirror and an entity at most"),
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			c, s, err := a.session(ctx)
			if err != nil {
				return err
			}
			mirrors := s.Mirrors
			entity := ""
			if len(args) > 0 {
				m, err := mirrorArg(s, args[0])
				if err != nil {
					return err
				}
				mirrors = []host.MirrorInfo{*m}
			}
			if len(args) > 1 {
				entity = args[1]
			}
			all := map[string]host.State{}
			for _, m := range mirrors {
				if all[m.Name], err = c.State(ctx, s.SessionID, m.Name, entity); err != nil {
					return err
				}
			}
			switch {
			case a.flags.json && len(args) > 0:
				return a.out.object(all[args[0]])
			case a.flags.json:
				return a.out.object(all)
			}
			return a.printState(all, entity != "")
		},
	}
	return a.sessionFlag(cmd)
}

func (a *app) printState(all map[string]host.State, whole bool) error {
	for _, mirror := range sortedKeys(all) {
		if len(all[mirror]) == 0 {
			a.out.summary("%s: nothing", mirror)
		}
		for _, entity := range sortedKeys(all[mirror]) {
			docs := all[mirror][entity]
			if whole {
				for _, d := range docs {
					if err := a.out.object(d); err != nil {
						return err
					}
				}
				continue
			}
			a.out.summary("%s %s: %d", mirror, entity, len(docs))
			for i, d := range docs {
				if i == 10 {
					a.out.say("  … and %d more: mirra state %s %s", len(docs)-i, mirror, entity)
					break
				}
				a.out.say("  %s", objectLine(d))
			}
		}
	}
	return nil
}

// objectLine shows an object by its id and what of it tells it from others.
func objectLine(doc json.RawMessage) string {
	var o map[string]any
	if json.Unmarshal(doc, &o) != nil {
		return printable(string(doc))
	}
	id, _ := o["id"].(string)
	if id == "" {
		id, _ = o["sid"].(string)
	}
	line := id
	for _, key := range []string{"status", "type", "name", "email", "to", "amount", "currency", "url", "text"} {
		switch v := o[key].(type) {
		case string:
			if v != "" {
				line += "  " + key + "=" + v
			}
		case float64:
			b, _ := json.Marshal(v)
			line += "  " + key + "=" + string(b)
		}
	}
	return printable(line)
}

// globMatch matches as the server does: ** at the end is everything below.
func globMatch(pattern, s string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "**"); ok {
		return strings.HasPrefix(s, prefix)
	}
	ok, _ := path.Match(pattern, s)
	return ok
}
