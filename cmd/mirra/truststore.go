package main

import (
	"bytes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"unicode/utf16"
)

// rootFiles are where systems keep their root certificates, as crypto/x509 of Go
// 1.26 looks for them, and macOS's copy for OpenSSL.
var rootFiles = []string{
	"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem", "/etc/pki/tls/cacert.pem",
	"/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem", "/etc/ssl/cert.pem",
}

// systemRoots returns the PEM of the first file that there is: the user's own, else
// the system's.
func systemRoots(own string) []byte {
	for _, path := range append([]string{own}, rootFiles...) {
		if b := readOptional(path); bytes.Contains(b, []byte("-----BEGIN CERTIFICATE-----")) {
			return b
		}
	}
	return nil
}

// joinPEM puts files of certificates behind each other, but for those that are there
// already: under mirra exec the roots are a session's.
func joinPEM(files ...[]byte) []byte {
	var out []byte
	for _, f := range files {
		if bytes.Contains(out, bytes.TrimSpace(f)) {
			continue
		}
		out = append(out, f...)
		if len(f) > 0 && f[len(f)-1] != '\n' {
			out = append(out, '\n')
		}
	}
	return out
}

// keyStorePassword is what Java's own trust store has. It guards nothing.
const keyStorePassword = "changeit"

// keyStore writes certificates as Java reads them, in the format JKS, version 2:
// sun.security.provider.JavaKeyStore of OpenJDK 17, engineStore. A trust store of
// PKCS #12 needs encryption.
func keyStore(certificates []byte) []byte {
	var entries bytes.Buffer
	count := uint32(0)
	text := func(s string) {
		_ = binary.Write(&entries, binary.BigEndian, uint16(len(s))) // to memory
		entries.WriteString(s)
	}
	for {
		var block *pem.Block
		if block, certificates = pem.Decode(certificates); block == nil {
			break
		}
		if block.Type != "CERTIFICATE" {
			continue
		}
		_ = binary.Write(&entries, binary.BigEndian, uint32(2)) // a trusted certificate
		text(fmt.Sprint("mirra", count))
		_ = binary.Write(&entries, binary.BigEndian, uint64(0)) // made in 1970
		text("X.509")
		_ = binary.Write(&entries, binary.BigEndian, uint32(len(block.Bytes)))
		entries.Write(block.Bytes)
		count++
	}
	out := binary.BigEndian.AppendUint32(nil, 0xfeedfeed)
	out = binary.BigEndian.AppendUint32(out, 2)
	out = binary.BigEndian.AppendUint32(out, count)
	out = append(out, entries.Bytes()...)
	sum := sha1.New()
	for _, u := range utf16.Encode([]rune(keyStorePassword)) {
		_ = binary.Write(sum, binary.BigEndian, u) // never fails
	}
	sum.Write([]byte("Mighty Aphrodite"))
	sum.Write(out)
	return sum.Sum(out)
}
