package sdk

import "github.com/mirrahq/mirra/abi"

var (
	insertReplay = Define(`INSERT OR REPLACE INTO idempotency(hash, account, key, fingerprint, created, status, request, body) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)`)
	selectReplay = Define(`SELECT account, key, fingerprint, created, status, request, body FROM idempotency WHERE hash = ?1`)
)

// Replay is a stored answer to an idempotent request.
type Replay struct {
	Status  int
	Request string // the id of the request that was answered first
	Body    string
}

// IdempotencyCheck is what CheckIdempotency found about a key.
type IdempotencyCheck uint8

const (
	KeyNew        IdempotencyCheck = iota // run the operation, then StoreReplay
	KeyReplay                             // answer with the stored replay
	KeyMismatched                         // used before with other parameters
	KeyInFlight                           // the first request is not answered yet
)

// CheckIdempotency looks a key of the call's account up. fingerprint stands for
// what a request of the same key must have in common; ttlSeconds is how long
// answers are kept, in session time.
func (c *Call) CheckIdempotency(key, fingerprint string, ttlSeconds int64) (IdempotencyCheck, Replay) {
	if c.Context.Flags&abi.InFlightDuplicate != 0 {
		return KeyInFlight, Replay{}
	}
	rows := selectReplay.MustRun(c.Args().Int(c.keyHash(key)))
	if rows.Next() && rows.Text() == c.Account() && rows.Text() == key {
		stored := rows.Text()
		if rows.Int() > c.Unix()-ttlSeconds {
			if stored != fingerprint {
				return KeyMismatched, Replay{}
			}
			return KeyReplay, Replay{Status: int(rows.Int()), Request: rows.Text(), Body: rows.Text()}
		}
	}
	return KeyNew, Replay{}
}

// StoreReplay keeps the answer of the call under a key, with the call's other
// changes. request is the id of this request.
func (c *Call) StoreReplay(key, fingerprint, request string) {
	a := c.Args().Int(c.keyHash(key)).Text(c.Account()).Text(key).Text(fingerprint)
	insertReplay.MustRun(a.Int(c.Unix()).Int(int64(c.status)).Text(request).Text(text(c.body)))
}

// keyHash spreads (account, key) over the row ids of the table; the row holds
// both, so that two keys of one hash are told apart.
func (c *Call) keyHash(key string) int64 {
	const offset, prime = 14695981039346656037, 1099511628211 // FNV-1a
	h := uint64(offset)
	for _, s := range [2]string{c.Account(), key} {
		for i := range len(s) {
			h = (h ^ uint64(s[i])) * prime
		}
		h = (h ^ 0xff) * prime
	}
	return int64(h)
}
