package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// user is who the program runs as, nobody in particular.
const user = 65532

// files are what the image has beside the program. Folders that a container writes to are
// volumes, so that the root can be read-only.
var files = []tar.Header{
	{Name: "ca/", Mode: 0o755, Uid: user, Gid: user}, // for --ca-file
	{Name: "etc/", Mode: 0o755},
	{Name: "etc/group", Mode: 0o644},
	{Name: "etc/passwd", Mode: 0o644},
	{Name: "mirra", Mode: 0o755},
	{Name: "project/", Mode: 0o755}, // where mirra.yaml and mirra.lock are looked for
	{Name: "tmp/", Mode: 0o1777},
	{Name: "var/", Mode: 0o755},
	{Name: "var/lib/", Mode: 0o755},
	{Name: home[1:] + "/", Mode: 0o700, Uid: user, Gid: user},
}

const home = "/var/lib/mirra"

// static refuses a program that the image has no libraries for.
func static(program []byte) error {
	f, err := elf.NewFile(bytes.NewReader(program))
	if err != nil {
		return fmt.Errorf("not a program for Linux: %w", err)
	}
	for _, p := range f.Progs {
		if p.Type == elf.PT_INTERP {
			return errors.New("it is not static; build it with CGO_ENABLED=0, as make build does")
		}
	}
	return nil
}

// layer returns the image's files as a compressed tar and the digest of the plain one.
func layer(program []byte) (compressed []byte, plain string, err error) {
	contents := map[string][]byte{
		"etc/group":  fmt.Appendf(nil, "root:x:0:\nmirra:x:%d:\n", user),
		"etc/passwd": fmt.Appendf(nil, "root:x:0:0:root:/:/sbin/nologin\nmirra:x:%d:%d:mirra:%s:/sbin/nologin\n", user, user, home),
		"mirra":      program,
	}
	var out bytes.Buffer
	packed := gzip.NewWriter(&out)
	sum := sha256.New()
	t := tar.NewWriter(io.MultiWriter(packed, sum))
	for _, h := range files {
		text := contents[h.Name]
		h.Size, h.Typeflag = int64(len(text)), tar.TypeReg
		if strings.HasSuffix(h.Name, "/") {
			h.Typeflag = tar.TypeDir
		}
		if err := t.WriteHeader(&h); err != nil {
			return nil, "", err
		}
		if _, err := t.Write(text); err != nil {
			return nil, "", err
		}
	}
	if err := errors.Join(t.Close(), packed.Close()); err != nil {
		return nil, "", err
	}
	return out.Bytes(), "sha256:" + hex.EncodeToString(sum.Sum(nil)), nil
}

// descriptor points at a blob.
type descriptor struct {
	MediaType   string            `json:"mediaType"`
	Digest      string            `json:"digest"`
	Size        int               `json:"size"`
	Platform    map[string]string `json:"platform,omitempty"`
	Annotations map[string]string `json:"annotations,omitempty"`
}

// write writes an image layout as a tar, with the manifest.json of docker save beside it
// for Docker before version 25. See
// https://github.com/opencontainers/image-spec/blob/v1.1.1/image-layout.md and config.md.
func write(w io.Writer, name, version, arch string, program []byte) error {
	packed, plain, err := layer(program)
	if err != nil {
		return err
	}
	archive := tar.NewWriter(w)
	put := func(path string, text []byte) {
		h := &tar.Header{Name: path, Mode: 0o644, Size: int64(len(text)), Typeflag: tar.TypeReg}
		if e := archive.WriteHeader(h); err == nil {
			err = e
		}
		if _, e := archive.Write(text); err == nil {
			err = e
		}
	}
	document := func(v any) []byte {
		text, e := json.Marshal(v)
		if err == nil {
			err = e
		}
		return text
	}
	blob := func(mediaType string, text []byte) descriptor {
		sum := sha256.Sum256(text)
		hash := hex.EncodeToString(sum[:])
		put("blobs/sha256/"+hash, text)
		return descriptor{MediaType: mediaType, Digest: "sha256:" + hash, Size: len(text)}
	}
	const media = "application/vnd.oci.image."
	put("oci-layout", []byte(`{"imageLayoutVersion":"1.0.0"}`))
	content := blob(media+"layer.v1.tar+gzip", packed)
	config := blob(media+"config.v1+json", document(map[string]any{
		"architecture": arch, "os": "linux",
		"config": map[string]any{
			"User": fmt.Sprintf("%d:%d", user, user), "Env": []string{"PATH=/", "MIRRA_HOME=" + home}, "WorkingDir": "/project",
			"Entrypoint": []string{"/mirra"}, "Cmd": []string{"serve", "--bind", "0.0.0.0"}, "StopSignal": "SIGTERM",
			"ExposedPorts": map[string]any{"4400/tcp": struct{}{}, "4401/tcp": struct{}{}}, "Volumes": map[string]any{home: struct{}{}},
			"Labels": map[string]string{
				"org.opencontainers.image.title": "mirra", "org.opencontainers.image.version": version,
				"org.opencontainers.image.source": "https://github.com/mirrahq/mirra", "org.opencontainers.image.licenses": "Apache-2.0",
			},
		},
		"rootfs":  map[string]any{"type": "layers", "diff_ids": []string{plain}},
		"history": []map[string]string{{"created_by": "mirra-image"}},
	}))
	manifest := blob(media+"manifest.v1+json", document(map[string]any{
		"schemaVersion": 2, "mediaType": media + "manifest.v1+json", "config": config, "layers": []descriptor{content},
	}))
	manifest.Platform = map[string]string{"architecture": arch, "os": "linux"}
	manifest.Annotations = map[string]string{"io.containerd.image.name": name, "org.opencontainers.image.ref.name": name[strings.LastIndex(name, ":")+1:]}
	put("index.json", document(map[string]any{"schemaVersion": 2, "mediaType": media + "index.v1+json", "manifests": []descriptor{manifest}}))
	path := func(d descriptor) string { return "blobs/" + strings.Replace(d.Digest, ":", "/", 1) }
	put("manifest.json", document([]map[string]any{{"Config": path(config), "RepoTags": []string{name}, "Layers": []string{path(content)}}}))
	return errors.Join(err, archive.Close())
}
