package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/go-multierror"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"

	"github.com/mirrahq/mirra/host"
)

// Config is every setting, merged: defaults, the user's file, the project's,
// the environment, flags.
type Config struct {
	Dirs        dirs
	WorkingDir  string
	ProjectRoot string

	Port       int // of the control API; vendor traffic is on the next
	PortGiven  bool
	Session    string
	URL, Token string // of a server that is not found by its state file
	PluginPath []string
	IdleExit   time.Duration

	File fileConfig // of the project, over the user's
}

// defaultPort is the control API's.
const defaultPort = 4400

// defaultTLSPort is where mirrors are reached over TLS, if they are.
const defaultTLSPort = 443

// readConfig merges the settings for a command started in wd.
func readConfig(wd string, flags *pflag.FlagSet) (*Config, error) {
	d, err := findDirs()
	if err != nil {
		return nil, err
	}
	c := &Config{Dirs: d, WorkingDir: wd, ProjectRoot: projectRoot(wd)}
	v := viper.New()
	v.SetDefault("port", defaultPort)
	v.SetDefault("idle-exit", "10m")
	v.SetDefault("tls-port", defaultTLSPort)
	v.SetEnvPrefix("mirra")
	v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	for _, key := range []string{"port", "session", "url", "token", "plugin-path", "idle-exit", "timeout", "limits", "peer-clock", "strict", "persistent", "name", "allow-live-keys", "mirra-headers", "version-mismatch", "tls-cert", "tls-key", "tls-port"} {
		if err := v.BindEnv(key); err != nil {
			return nil, err
		}
	}
	for _, path := range []string{filepath.Join(d.Config, "config.yaml"), filepath.Join(c.ProjectRoot, "mirra.yaml")} {
		scalars, err := readFile(path, &c.File)
		if err != nil {
			return nil, err
		}
		if err := v.MergeConfigMap(scalars); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		c.PortGiven = c.PortGiven || scalars["port"] != nil
	}
	for _, name := range []string{"port", "session", "timeout", "limits", "strict", "persistent", "name", "tls-cert", "tls-key", "tls-port"} {
		if f := flags.Lookup(name); f != nil && f.Annotations[notASetting] == nil {
			if err := v.BindPFlag(name, f); err != nil {
				return nil, err
			}
			c.PortGiven = c.PortGiven || name == "port" && f.Changed
			if f.Changed && f.Value.Type() == "string" && strings.HasPrefix(name, "tls-") {
				// Who types a path means it from here, a file from the project.
				if path := f.Value.String(); path != "" && !filepath.IsAbs(path) {
					v.Set(name, filepath.Join(wd, path))
				}
			}
		}
	}
	return c, c.take(v)
}

// take copies the merged values and checks them; all faults are reported.
func (c *Config) take(v *viper.Viper) error {
	var faults *multierror.Error
	bad := func(format string, args ...any) { faults = multierror.Append(faults, fmt.Errorf(format, args...)) }
	c.Session, c.URL, c.Token = v.GetString("session"), v.GetString("url"), v.GetString("token")
	port, err := whole(v.Get("port"))
	if err != nil || port < 0 || port > 65534 {
		bad("port %q: want 0 to 65534", v.GetString("port"))
	}
	c.Port = port
	c.PortGiven = c.PortGiven || port != defaultPort
	if c.File.TLSPort, err = whole(v.Get("tls-port")); err != nil || c.File.TLSPort < 0 || c.File.TLSPort > 65535 {
		bad("tls-port %q: want 0 to 65535", v.GetString("tls-port"))
	}
	if c.IdleExit, err = host.ParseDuration(v.GetString("idle-exit")); err != nil {
		bad("idle-exit: %w", err)
	}
	f := &c.File
	if f.Timeout = v.GetString("timeout"); f.Timeout != "" {
		if _, err := host.ParseDuration(f.Timeout); err != nil {
			bad("timeout: %w", err)
		}
	}
	oneOf := func(key string, values ...string) string {
		s := v.GetString(key)
		if s != "" && !slices.Contains(values, s) {
			bad("%s: %q: want %s", key, s, strings.Join(values, " or "))
		}
		return s
	}
	f.Limits = oneOf("limits", "vendor", "test", "off")
	f.PeerClock = oneOf("peer-clock", "wall", "session")
	f.VersionMismatch = oneOf("version-mismatch", "warn", "error")
	// YAML reads a bare off as false.
	f.MirraHeaders = "on"
	if h := v.GetString("mirra-headers"); h == "off" || h == "false" {
		f.MirraHeaders = "off"
	} else if h != "" && h != "on" && h != "true" {
		bad("mirra-headers: %q: want on or off", h)
	}
	f.Strict, f.Persistent, f.AllowLiveKeys, f.Name = v.GetBool("strict"), v.GetBool("persistent"), v.GetBool("allow-live-keys"), v.GetString("name")
	inProject := func(path string) string {
		if path == "" || filepath.IsAbs(path) {
			return path
		}
		return filepath.Join(c.ProjectRoot, path)
	}
	f.TLSCert, f.TLSKey = inProject(v.GetString("tls-cert")), inProject(v.GetString("tls-key"))
	c.PluginPath = f.PluginPath
	if env := v.GetString("plugin-path"); env != "" {
		c.PluginPath = filepath.SplitList(env)
	}
	for i, p := range c.PluginPath {
		c.PluginPath[i] = inProject(p)
	}
	if faults == nil {
		return nil
	}
	faults.ErrorFormat = lines
	return &usageError{text: faults.Error(), hint: "settings come from " + filepath.Join(c.Dirs.Config, "config.yaml") + ", mirra.yaml, MIRRA_* variables and flags, the later wins"}
}

// whole reads a number that may be text, as the environment has it.
func whole(v any) (int, error) {
	var n int
	_, err := fmt.Sscanf(strings.TrimSpace(fmt.Sprint(v))+"\n", "%d\n", &n)
	if err == nil && fmt.Sprint(n) != strings.TrimSpace(fmt.Sprint(v)) {
		err = fmt.Errorf("not a number")
	}
	return n, err
}

// lines prints several faults one to a line, one as itself.
func lines(errs []error) string {
	texts := make([]string, len(errs))
	for i, e := range errs {
		texts[i] = e.Error()
	}
	if len(texts) == 1 {
		return texts[0]
	}
	return plural(len(texts), "fault") + ":\n  " + strings.Join(texts, "\n  ")
}

// ports returns where a server listens.
func (c *Config) ports() (control, vendor string) {
	if c.Port == 0 {
		return "127.0.0.1:0", "127.0.0.1:0"
	}
	return fmt.Sprintf("127.0.0.1:%d", c.Port), fmt.Sprintf("127.0.0.1:%d", c.Port+1)
}

// notASetting annotates a flag that means something else than the setting of its name.
const notASetting = "mirra-not-a-setting"
