package session

// buckets are a mirror's token buckets, kept in memory: a call that is rolled
// back has used its tokens all the same, as at the vendor.
type buckets map[string]*bucket

type bucket struct {
	tokens float64
	atNS   int64 // session time of the last refill
	realNS int64 // refill clock at that time
}

// take refills a bucket and takes cost from it. It returns 0, or how long until
// there is enough. The bucket refills by the larger of the session's time and
// the refill clock, so that a frozen session is not locked out.
func (b *buckets) take(key string, cost, rateMilli, burst, nowNS, realNS int64) int64 {
	if *b == nil {
		*b = buckets{}
	}
	k := (*b)[key]
	if k == nil {
		k = &bucket{tokens: float64(burst), atNS: nowNS, realNS: realNS}
		(*b)[key] = k
	}
	perNS := float64(rateMilli) / 1000 / 1e9
	elapsed := max(nowNS-k.atNS, realNS-k.realNS, 0)
	k.atNS, k.realNS = nowNS, realNS
	k.tokens = min(float64(burst), k.tokens+float64(elapsed)*perNS)
	if missing := float64(cost) - k.tokens; missing > 0 {
		return int64(missing/perNS) + 1
	}
	k.tokens -= float64(cost)
	return 0
}
