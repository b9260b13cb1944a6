package sdk

// Newest returns the newest document whose members equal what the conditions
// say, four of them at most; ok is false if there is none.
func (k *Collection) Newest(c *Call, conditions ...Condition) (d Doc, ok bool) {
	var q ListQuery
	copy(q.Where[:], conditions)
	return k.newest(c, q)
}

// newest returns the first document of a list.
func (k *Collection) newest(c *Call, q ListQuery) (d Doc, ok bool) {
	q.Limit = 1
	page, err := k.Find(c, q)
	if err != nil {
		return Doc{}, false
	}
	docs, _ := page.Docs(c)
	if len(docs) == 0 {
		return Doc{}, false
	}
	return docs[0], true
}

// MustInsert is Insert of a document whose id was just made, so that it is not
// taken: an error stops the plugin.
func (k *Collection) MustInsert(c *Call, d Doc) {
	if err := k.Insert(c, d); err != nil {
		panic("sdk: insert " + k.Type + ": " + err.Error())
	}
}

// As runs f for another account than the call's.
func (c *Call) As(account string, f func()) {
	own := c.Account()
	c.SetAccount(account)
	f()
	c.SetAccount(own)
}
