//go:build wasip1

package wire

import "unsafe"

// The imports take a pointer and a length for each slice or string; the host
// copies and keeps neither.

//go:wasmimport mirra_core_v1 input
func hostInput(off uint32, p unsafe.Pointer, pLen uint32) uint32

func Input(off uint32, p []byte) uint32 {
	return hostInput(off, unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)))
}

//go:wasmimport mirra_core_v1 output
func hostOutput(p unsafe.Pointer, pLen uint32)

func Output(p []byte) {
	hostOutput(unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)))
}

//go:wasmimport mirra_core_v1 result
func hostResult(off uint32, p unsafe.Pointer, pLen uint32) uint32

func Result(off uint32, p []byte) uint32 {
	return hostResult(off, unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)))
}

//go:wasmimport mirra_core_v1 log
func hostLog(level uint32, line unsafe.Pointer, lineLen uint32)

func Log(level uint32, line string) {
	hostLog(level, unsafe.Pointer(unsafe.StringData(line)), uint32(len(line)))
}

//go:wasmimport mirra_sql_v1 schema
func hostSchema(version uint32, ddl unsafe.Pointer, ddlLen uint32) int32

func Schema(version uint32, ddl string) int32 {
	return hostSchema(version, unsafe.Pointer(unsafe.StringData(ddl)), uint32(len(ddl)))
}

//go:wasmimport mirra_sql_v1 define
func hostDefine(sql unsafe.Pointer, sqlLen uint32) int32

func Define(sql string) int32 {
	return hostDefine(unsafe.Pointer(unsafe.StringData(sql)), uint32(len(sql)))
}

//go:wasmimport mirra_sql_v1 run
func hostRun(stmt uint32, args unsafe.Pointer, argsLen uint32, out unsafe.Pointer, outLen uint32) int32

func Run(stmt uint32, args []byte, out []byte) int32 {
	return hostRun(stmt, unsafe.Pointer(unsafe.SliceData(args)), uint32(len(args)), unsafe.Pointer(unsafe.SliceData(out)), uint32(len(out)))
}

//go:wasmimport mirra_sql_v1 emit
func hostEmit(stmt uint32, args unsafe.Pointer, argsLen uint32, column uint32, separator unsafe.Pointer, separatorLen uint32) int32

func Emit(stmt uint32, args []byte, column uint32, separator string) int32 {
	return hostEmit(stmt, unsafe.Pointer(unsafe.SliceData(args)), uint32(len(args)), column, unsafe.Pointer(unsafe.StringData(separator)), uint32(len(separator)))
}

//go:wasmimport mirra_time_v1 now_ns
func hostNowNS() int64

func NowNS() int64 {
	return hostNowNS()
}

//go:wasmimport mirra_time_v1 peer_ns
func hostPeerNS() int64

func PeerNS() int64 {
	return hostPeerNS()
}

//go:wasmimport mirra_time_v1 timer_set
func hostTimerSet(key unsafe.Pointer, keyLen uint32, atNS int64, payload unsafe.Pointer, payloadLen uint32) int32

func TimerSet(key string, atNS int64, payload string) int32 {
	return hostTimerSet(unsafe.Pointer(unsafe.StringData(key)), uint32(len(key)), atNS, unsafe.Pointer(unsafe.StringData(payload)), uint32(len(payload)))
}

//go:wasmimport mirra_time_v1 timer_clear
func hostTimerClear(key unsafe.Pointer, keyLen uint32) int32

func TimerClear(key string) int32 {
	return hostTimerClear(unsafe.Pointer(unsafe.StringData(key)), uint32(len(key)))
}

//go:wasmimport mirra_rand_v1 fill
func hostFill(stream uint32, p unsafe.Pointer, pLen uint32) int32

func Fill(stream uint32, p []byte) int32 {
	return hostFill(stream, unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)))
}

//go:wasmimport mirra_crypto_v1 hmac
func hostHMAC(alg uint32, secret uint32, data unsafe.Pointer, dataLen uint32, out unsafe.Pointer, outLen uint32) int32

func HMAC(alg uint32, secret uint32, data string, out []byte) int32 {
	return hostHMAC(alg, secret, unsafe.Pointer(unsafe.StringData(data)), uint32(len(data)), unsafe.Pointer(unsafe.SliceData(out)), uint32(len(out)))
}

//go:wasmimport mirra_crypto_v1 digest
func hostDigest(alg uint32, data unsafe.Pointer, dataLen uint32, out unsafe.Pointer, outLen uint32) int32

func Digest(alg uint32, data string, out []byte) int32 {
	return hostDigest(alg, unsafe.Pointer(unsafe.StringData(data)), uint32(len(data)), unsafe.Pointer(unsafe.SliceData(out)), uint32(len(out)))
}

//go:wasmimport mirra_crypto_v1 secret
func hostSecret(name unsafe.Pointer, nameLen uint32) int32

func Secret(name string) int32 {
	return hostSecret(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)))
}

//go:wasmimport mirra_crypto_v1 keygen
func hostKeygen(prefix unsafe.Pointer, prefixLen uint32, n uint32, alphabet uint32) int32

func Keygen(prefix string, n uint32, alphabet uint32) int32 {
	return hostKeygen(unsafe.Pointer(unsafe.StringData(prefix)), uint32(len(prefix)), n, alphabet)
}

//go:wasmimport mirra_limit_v1 take
func hostTake(key unsafe.Pointer, keyLen uint32, cost int64, rateMilli int64, burst int64) int64

func Take(key string, cost int64, rateMilli int64, burst int64) int64 {
	return hostTake(unsafe.Pointer(unsafe.StringData(key)), uint32(len(key)), cost, rateMilli, burst)
}

//go:wasmimport mirra_deliver_v1 enqueue
func hostEnqueue(frame unsafe.Pointer, frameLen uint32) int64

func Enqueue(frame []byte) int64 {
	return hostEnqueue(unsafe.Pointer(unsafe.SliceData(frame)), uint32(len(frame)))
}

//go:wasmimport mirra_blob_v1 size
func hostBlobSize(handle uint32) int64

func BlobSize(handle uint32) int64 {
	return hostBlobSize(handle)
}

//go:wasmimport mirra_blob_v1 read
func hostBlobRead(handle uint32, off int64, p unsafe.Pointer, pLen uint32) int32

func BlobRead(handle uint32, off int64, p []byte) int32 {
	return hostBlobRead(handle, off, unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)))
}

//go:wasmimport mirra_blob_v1 create
func hostBlobCreate() int32

func BlobCreate() int32 {
	return hostBlobCreate()
}

//go:wasmimport mirra_blob_v1 append
func hostBlobAppend(handle uint32, p unsafe.Pointer, pLen uint32) int32

func BlobAppend(handle uint32, p []byte) int32 {
	return hostBlobAppend(handle, unsafe.Pointer(unsafe.SliceData(p)), uint32(len(p)))
}

//go:wasmimport mirra_blob_v1 seal
func hostBlobSeal(handle uint32, out unsafe.Pointer, outLen uint32) int32

func BlobSeal(handle uint32, out []byte) int32 {
	return hostBlobSeal(handle, unsafe.Pointer(unsafe.SliceData(out)), uint32(len(out)))
}

//go:wasmimport mirra_blob_v1 open
func hostBlobOpen(digest unsafe.Pointer, digestLen uint32) int32

func BlobOpen(digest string) int32 {
	return hostBlobOpen(unsafe.Pointer(unsafe.StringData(digest)), uint32(len(digest)))
}

//go:wasmimport mirra_blob_v1 drop
func hostBlobDrop(handle uint32) int32

func BlobDrop(handle uint32) int32 {
	return hostBlobDrop(handle)
}
