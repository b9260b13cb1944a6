package hosttest

import (
	"bytes"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/hex"
	"hash"

	"github.com/mirrahq/mirra/abi"
	"github.com/mirrahq/mirra/host"
)

// Call is a host.Call that keeps what a plugin tells it and answers from its
// fields. The zero value works: its database is empty, its clock stands at
// zero, its random bytes count up.
type Call struct {
	Now, Peer int64
	// OnRun and OnEmit answer statements; nil gives no rows.
	OnRun  func(stmt uint32, args, out []byte) ([]byte, int, error)
	OnEmit func(dst []byte, stmt uint32, args []byte, column int, separator []byte) ([]byte, int, error)
	// WaitNS is what Take answers.
	WaitNS int64

	Logs       []string
	Timers     map[string]Timer
	Deliveries []abi.Enqueue
	Secrets    []string // by handle, from 1
	Blobs      [][]byte // by handle, from 1
	next       byte
}

// Timer is what SetTimer was told.
type Timer struct {
	AtNS    int64
	Payload string
}

var _ host.Call = (*Call)(nil)

func refuse(e abi.Errno, message string) error {
	return &host.CallError{Errno: e, Message: message}
}

// Run implements host.CallSQL.
func (c *Call) Run(stmt uint32, args, out []byte) ([]byte, int, error) {
	if c.OnRun != nil {
		return c.OnRun(stmt, args, out)
	}
	return append(out[:0], make([]byte, abi.RowsHeaderBytes)...), 0, nil
}

// Emit implements host.CallSQL.
func (c *Call) Emit(dst []byte, stmt uint32, args []byte, column int, separator []byte) ([]byte, int, error) {
	if c.OnEmit != nil {
		return c.OnEmit(dst, stmt, args, column, separator)
	}
	return dst, 0, nil
}

// NowNS implements host.CallTime.
func (c *Call) NowNS() int64 { return c.Now }

// PeerNS implements host.CallTime.
func (c *Call) PeerNS() int64 { return c.Peer }

// SetTimer implements host.CallTime.
func (c *Call) SetTimer(key string, atNS int64, payload []byte) error {
	if c.Timers == nil {
		c.Timers = map[string]Timer{}
	}
	c.Timers[key] = Timer{atNS, string(payload)}
	return nil
}

// ClearTimer implements host.CallTime.
func (c *Call) ClearTimer(key string) error {
	if _, ok := c.Timers[key]; !ok {
		return refuse(abi.NotFound, "no timer "+key)
	}
	delete(c.Timers, key)
	return nil
}

// Fill implements host.Call.
func (c *Call) Fill(_ uint32, p []byte) error {
	for i := range p {
		c.next++
		p[i] = c.next
	}
	return nil
}

// Take implements host.Call.
func (c *Call) Take([]byte, int64, int64, int64) (int64, error) { return c.WaitNS, nil }

// Log implements host.Call.
func (c *Call) Log(_ uint32, line []byte) { c.Logs = append(c.Logs, string(line)) }

var hashes = map[uint32]func() hash.Hash{abi.SHA1: sha1.New, abi.SHA256: sha256.New, abi.SHA512: sha512.New, abi.MD5: md5.New}

// HMAC implements host.CallCrypto.
func (c *Call) HMAC(alg, secret uint32, data, out []byte) ([]byte, error) {
	if hashes[alg] == nil || alg == abi.MD5 {
		return nil, refuse(abi.Invalid, "unknown algorithm")
	}
	if secret == 0 || int(secret) > len(c.Secrets) {
		return nil, refuse(abi.NotFound, "unknown secret")
	}
	h := hmac.New(hashes[alg], []byte(c.Secrets[secret-1]))
	h.Write(data)
	return h.Sum(out), nil
}

// Digest implements host.CallCrypto.
func (c *Call) Digest(alg uint32, data, out []byte) ([]byte, error) {
	if hashes[alg] == nil {
		return nil, refuse(abi.Invalid, "unknown algorithm")
	}
	h := hashes[alg]()
	h.Write(data)
	return h.Sum(out), nil
}

// Secret implements host.CallCrypto: the text of a secret is its name.
func (c *Call) Secret(name string) (uint32, error) {
	c.Secrets = append(c.Secrets, name)
	return uint32(len(c.Secrets)), nil
}

// Keygen implements host.CallCrypto.
func (c *Call) Keygen(prefix string, n int, _ uint32) (uint32, error) {
	return c.Secret(prefix + string(bytes.Repeat([]byte{'k'}, n)))
}

// Enqueue implements host.CallDeliver.
func (c *Call) Enqueue(e abi.Enqueue) (uint64, error) {
	c.Deliveries = append(c.Deliveries, e)
	return uint64(len(c.Deliveries)), nil
}

func (c *Call) blob(handle uint32) (*[]byte, error) {
	if handle == 0 || int(handle) > len(c.Blobs) {
		return nil, refuse(abi.NotFound, "unknown blob")
	}
	return &c.Blobs[handle-1], nil
}

// BlobSize implements host.CallBlob.
func (c *Call) BlobSize(handle uint32) (int64, error) {
	b, err := c.blob(handle)
	if err != nil {
		return 0, err
	}
	return int64(len(*b)), nil
}

// BlobRead implements host.CallBlob.
func (c *Call) BlobRead(handle uint32, offset int64, p []byte) (int, error) {
	b, err := c.blob(handle)
	if err != nil {
		return 0, err
	}
	if offset < 0 || offset > int64(len(*b)) {
		return 0, refuse(abi.Invalid, "offset outside the blob")
	}
	return copy(p, (*b)[offset:]), nil
}

// BlobCreate implements host.CallBlob.
func (c *Call) BlobCreate() (uint32, error) {
	c.Blobs = append(c.Blobs, nil)
	return uint32(len(c.Blobs)), nil
}

// BlobAppend implements host.CallBlob.
func (c *Call) BlobAppend(handle uint32, p []byte) error {
	b, err := c.blob(handle)
	if err == nil {
		*b = append(*b, p...)
	}
	return err
}

// BlobSeal implements host.CallBlob.
func (c *Call) BlobSeal(handle uint32) (string, error) {
	b, err := c.blob(handle)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(*b)
	return "sha256:" + hex.EncodeToString(sum[:]), nil
}

// BlobOpen implements host.CallBlob.
func (c *Call) BlobOpen(digest string) (uint32, error) {
	for i := range c.Blobs {
		if d, err := c.BlobSeal(uint32(i + 1)); err == nil && d == digest {
			return uint32(i + 1), nil
		}
	}
	return 0, refuse(abi.NotFound, "no blob "+digest)
}

// BlobDrop implements host.CallBlob.
func (c *Call) BlobDrop(handle uint32) error {
	b, err := c.blob(handle)
	if err == nil {
		*b = nil
	}
	return err
}
