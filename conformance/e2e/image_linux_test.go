package e2e

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mustImage builds the container image of the program, as `make image` does.
func mustImage(t *testing.T) (archive []byte) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "image.tar")
	cmd := exec.Command("go", "run", "./cmd/mirra-image", "-o", file, "-name", "mirra:test", "-version", "1.2.3", binary)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	archive, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return archive
}

// imageConfig is what an image says of how it is run.
type imageConfig struct {
	Architecture, OS string
	Config           struct {
		User, WorkingDir, StopSignal string
		Env, Entrypoint, Cmd         []string
		Volumes                      map[string]struct{}
		Labels                       map[string]string
	}
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	}
}

// mustOpenImage checks that every descriptor fits its blob, and returns the config and
// the files' tar.
func mustOpenImage(t *testing.T, archive []byte) (config imageConfig, files []byte) {
	t.Helper()
	parts := map[string][]byte{}
	for r := tar.NewReader(bytes.NewReader(archive)); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			parts[h.Name], err = io.ReadAll(r)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	decode := func(text []byte, v any) {
		t.Helper()
		if err := json.Unmarshal(text, v); err != nil {
			t.Fatalf("%v: %s", err, text)
		}
	}
	type descriptor struct {
		MediaType, Digest string
		Size              int
		Annotations       map[string]string
	}
	blob := func(d descriptor) []byte {
		t.Helper()
		text := parts["blobs/"+strings.Replace(d.Digest, ":", "/", 1)]
		if sum := sha256.Sum256(text); "sha256:"+hex.EncodeToString(sum[:]) != d.Digest || len(text) != d.Size {
			t.Fatalf("%+v is not its blob of %d bytes", d, len(text))
		}
		return text
	}
	var layout struct{ ImageLayoutVersion string }
	var index struct{ Manifests []descriptor }
	var manifest struct {
		Config descriptor
		Layers []descriptor
	}
	decode(parts["oci-layout"], &layout)
	decode(parts["index.json"], &index)
	if layout.ImageLayoutVersion != "1.0.0" || len(index.Manifests) != 1 || index.Manifests[0].Annotations["io.containerd.image.name"] != "mirra:test" {
		t.Fatalf("%+v %+v", layout, index)
	}
	decode(blob(index.Manifests[0]), &manifest)
	decode(blob(manifest.Config), &config)
	if len(manifest.Layers) != 1 || len(config.RootFS.DiffIDs) != 1 {
		t.Fatalf("%+v %+v", manifest, config)
	}
	packed, err := gzip.NewReader(bytes.NewReader(blob(manifest.Layers[0])))
	if err == nil {
		files, err = io.ReadAll(packed)
	}
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(files); "sha256:"+hex.EncodeToString(sum[:]) != config.RootFS.DiffIDs[0] {
		t.Errorf("diff_id %s is not the layer's", config.RootFS.DiffIDs[0])
	}
	var saved []struct {
		Config   string
		RepoTags []string
		Layers   []string
	}
	decode(parts["manifest.json"], &saved)
	if len(saved) != 1 || saved[0].RepoTags[0] != "mirra:test" || parts[saved[0].Config] == nil || parts[saved[0].Layers[0]] == nil {
		t.Errorf("for older Docker: %+v", saved)
	}
	return config, files
}

// TestImage runs the container's entry point and the application of examples/compose in
// network namespaces of their own, with the image as read-only root and nobody's user.
func TestImage(t *testing.T) {
	t.Parallel()
	archive := mustImage(t)
	if again := mustImage(t); !bytes.Equal(archive, again) {
		t.Error("the same program gives another image")
	}
	config, files := mustOpenImage(t, archive)
	c := config.Config
	if config.OS != "linux" || c.User != "65532:65532" || c.StopSignal != "SIGTERM" || fmt.Sprint(c.Entrypoint, c.Cmd) != "[/mirra] [serve --bind 0.0.0.0]" || c.Labels["org.opencontainers.image.version"] != "1.2.3" {
		t.Errorf("%+v", config)
	}
	root, work := t.TempDir(), t.TempDir()
	unpack := exec.Command("tar", "-x", "-p", "--numeric-owner", "-f", "-", "-C", root)
	unpack.Stdin = bytes.NewReader(files)
	if out, err := unpack.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	app := filepath.Join(work, "app")
	build := exec.Command("go", "build", "-o", app, "./examples/compose/app")
	build.Dir, build.Env = "../..", append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	compose, err := filepath.Abs("../../examples/compose")
	if err != nil {
		t.Fatal(err)
	}
	script, err := filepath.Abs("container/topology.sh")
	if err != nil {
		t.Fatal(err)
	}
	flags := "-mnpf" // with processes of its own, which end with it
	if os.Getuid() != 0 {
		flags = "-rmnpf"
	}
	cmd := exec.Command("unshare", flags, "--mount-proc", "bash", script, root, compose, app)
	cmd.Env = append(environment(t.TempDir()), "IMAGE_ENV="+strings.Join(c.Env, " "), "IMAGE_USER="+c.User, "IMAGE_DIR="+c.WorkingDir, "WORK="+work)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "\nPASS\n") {
		t.Errorf("%v (a kernel that permits unshare %s is needed)\n%s", err, flags, out)
	}
}
