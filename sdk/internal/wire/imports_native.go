//go:build !wasip1

package wire

// Native is the host of a native build. sdktest sets it around each call; a
// plugin that calls the host outside of one fails here instead of reading a zero.
var Native Host

func Input(off uint32, p []byte) uint32              { return Native.Input(off, p) }
func Output(p []byte)                                { Native.Output(p) }
func Result(off uint32, p []byte) uint32             { return Native.Result(off, p) }
func Log(level uint32, line string)                  { Native.Log(level, line) }
func Schema(version uint32, ddl string) int32        { return Native.Schema(version, ddl) }
func Define(sql string) int32                        { return Native.Define(sql) }
func Run(stmt uint32, args []byte, out []byte) int32 { return Native.Run(stmt, args, out) }
func Emit(stmt uint32, args []byte, column uint32, separator string) int32 {
	return Native.Emit(stmt, args, column, separator)
}
func NowNS() int64  { return Native.NowNS() }
func PeerNS() int64 { return Native.PeerNS() }
func TimerSet(key string, atNS int64, payload string) int32 {
	return Native.TimerSet(key, atNS, payload)
}
func TimerClear(key string) int32        { return Native.TimerClear(key) }
func Fill(stream uint32, p []byte) int32 { return Native.Fill(stream, p) }
func HMAC(alg uint32, secret uint32, data string, out []byte) int32 {
	return Native.HMAC(alg, secret, data, out)
}
func Digest(alg uint32, data string, out []byte) int32 { return Native.Digest(alg, data, out) }
func Secret(name string) int32                         { return Native.Secret(name) }
func Keygen(prefix string, n uint32, alphabet uint32) int32 {
	return Native.Keygen(prefix, n, alphabet)
}
func Take(key string, cost int64, rateMilli int64, burst int64) int64 {
	return Native.Take(key, cost, rateMilli, burst)
}
func Enqueue(frame []byte) int64                        { return Native.Enqueue(frame) }
func BlobSize(handle uint32) int64                      { return Native.BlobSize(handle) }
func BlobRead(handle uint32, off int64, p []byte) int32 { return Native.BlobRead(handle, off, p) }
func BlobCreate() int32                                 { return Native.BlobCreate() }
func BlobAppend(handle uint32, p []byte) int32          { return Native.BlobAppend(handle, p) }
func BlobSeal(handle uint32, out []byte) int32          { return Native.BlobSeal(handle, out) }
func BlobOpen(digest string) int32                      { return Native.BlobOpen(digest) }
func BlobDrop(handle uint32) int32                      { return Native.BlobDrop(handle) }
