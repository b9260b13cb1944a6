// Package wire is the plugin's end of the host ABI: one Go function for each
// host function of package abi. In a guest they are imports; in a native build
// they go to the Host that sdktest sets, so that a plugin's tests run both ways.
package wire

// Host is what a native build calls instead of imports. Its methods follow
// abi/README.md; negative results are errnos.
type Host interface {
	Input(off uint32, p []byte) uint32
	Output(p []byte)
	Result(off uint32, p []byte) uint32
	Log(level uint32, line string)

	Schema(version uint32, ddl string) int32
	Define(sql string) int32
	Run(stmt uint32, args, out []byte) int32
	Emit(stmt uint32, args []byte, column uint32, separator string) int32

	NowNS() int64
	PeerNS() int64
	TimerSet(key string, atNS int64, payload string) int32
	TimerClear(key string) int32

	Fill(stream uint32, p []byte) int32

	HMAC(alg, secret uint32, data string, out []byte) int32
	Digest(alg uint32, data string, out []byte) int32
	Secret(name string) int32
	Keygen(prefix string, n, alphabet uint32) int32

	Take(key string, cost, rateMilli, burst int64) int64
	Enqueue(frame []byte) int64

	BlobSize(handle uint32) int64
	BlobRead(handle uint32, off int64, p []byte) int32
	BlobCreate() int32
	BlobAppend(handle uint32, p []byte) int32
	BlobSeal(handle uint32, out []byte) int32
	BlobOpen(digest string) int32
	BlobDrop(handle uint32) int32
}
