package main

import (
	"fmt"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/mirrahq/mirra/abi"
)

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			return a.done(map[string]any{"version": version(), "abi": abi.Version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH},
				"mirra %s (plugin ABI %d, %s, %s/%s)", version(), abi.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		},
	}
}

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Print a completion script for bash, zsh, fish or powershell",
		Example:   "  mirra completion bash > /etc/bash_completion.d/mirra\n  mirra completion zsh > \"${fpath[1]}/_mirra\"",
		ValidArgs: shells, Args: exactArgs(1, "bash, zsh, fish or powershell"),
		RunE: func(cmd *cobra.Command, args []string) error {
			root := cmd.Root()
			switch args[0] {
			case "bash":
				return root.GenBashCompletionV2(a.stdout, true)
			case "zsh":
				return root.GenZshCompletion(a.stdout)
			case "fish":
				return root.GenFishCompletion(a.stdout, true)
			case "powershell":
				return root.GenPowerShellCompletionWithDesc(a.stdout)
			}
			return &usageError{text: fmt.Sprintf("completion: no script for %q", args[0]), hint: fmt.Sprint("there are ", shells)}
		},
	}
}

// writable tells why nothing can be written in a folder.
func writable(folder string) error {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	f, err := os.CreateTemp(folder, ".doctor-")
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}
