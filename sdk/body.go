package sdk

// JSONBody returns the request's body, which is JSON of any kind and size, as a
// document. Malformed JSON is a *ParamError.
func (c *Call) JSONBody() (Doc, error) {
	body := c.Request.Body
	if b, ok := c.BodyBlob(); ok {
		p := make([]byte, b.Size())
		b.ReadAt(p, 0)
		body = text(p)
	}
	d, err := c.Parse(body)
	if err != nil {
		return d, &ParamError{Text: err.Error()}
	}
	return d, nil
}

// Pick returns an object of the named members of d, in this order; null stands for
// those that are absent.
func (c *Call) Pick(d Doc, names []string) Doc {
	out := c.NewObject()
	for _, name := range names {
		out.SetDoc(name, d.Get(name))
	}
	return out
}

// RunOnce runs an operation once for an idempotency key: if that succeeds the answer
// is kept for ttlSeconds, and the next request of the key gets it. See
// CheckIdempotency for what comes back otherwise, when nothing was run.
func (c *Call) RunOnce(key, fingerprint string, ttlSeconds int64, run func() error) (IdempotencyCheck, error) {
	check, replay := c.CheckIdempotency(key, fingerprint, ttlSeconds)
	switch check {
	case KeyReplay:
		c.SetStatus(replay.Status)
		return check, c.Send(replay.Body)
	case KeyNew:
		if err := run(); err != nil {
			return check, err
		}
		c.StoreReplay(key, fingerprint, "")
	}
	return check, nil
}
