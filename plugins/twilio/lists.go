package main

import (
	"strconv"
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// Pages have 50 elements unless PageSize says otherwise, and 1,000 at most [D
// twilio.com/docs/usage/twilios-response and docs/api/errors/20007, 2026-11].
const (
	usualPage = 50
	mostPage  = 1000
)

// paging is what a request says of its page.
type paging struct {
	size, number  int
	after, before string // ids, by PageToken
}

// pagingOf reads PageSize, Page and PageToken. A token is PA and the sid that
// the page begins behind [R PageToken=PASM…], or PB and the one it ends in front
// of, which is believed.
func (k *kind) pagingOf(r *request) (p paging, err error) {
	p.size = usualPage
	if v := r.text("PageSize"); v != "" {
		n, e := strconv.Atoi(v)
		switch {
		case e != nil || n < 1:
			return p, badValue("Invalid PageSize " + v)
		case n > mostPage:
			return p, refuse(20007)
		}
		p.size = n
	}
	p.number, _ = strconv.Atoi(r.text("Page"))
	p.number = max(p.number, 0)
	token := r.text("PageToken")
	if token == "" {
		return p, nil
	}
	id := token[min(2, len(token)):]
	if k.byURL {
		id = urlID(k.host, r.Path()+"/"+id)
	}
	switch {
	case strings.HasPrefix(token, "PA"):
		p.after = id
	case strings.HasPrefix(token, "PB"):
		p.before = id
	default:
		return p, refuse(21481)
	}
	return p, nil
}

// answerPage answers with a page of a kind's documents; only, if not nil, keeps
// those it returns true for.
func (k *kind) answerPage(r *request, q sdk.ListQuery, only func(d sdk.Doc) bool) error {
	p, err := k.pagingOf(r)
	if err != nil {
		return err
	}
	skip := 0
	if p.after == "" && p.before == "" {
		skip = p.number * p.size
	}
	q.After, q.Before, q.Limit = p.after, p.before, skip+p.size
	if only != nil {
		q.Limit = maxFiltered
	}
	found, err := k.Find(r.Call, q)
	if err != nil {
		return refuse(21481)
	}
	docs, more := found.Docs(r.Call)
	if only != nil {
		kept := docs[:0]
		for _, d := range docs {
			if only(d) {
				kept = append(kept, d)
			}
		}
		docs, more = kept, len(kept) > skip+p.size
		docs = docs[:min(len(docs), skip+p.size)]
	}
	if p.before != "" {
		more = true // the page it came from
	}
	docs = docs[min(skip, len(docs)):]
	if k.show != nil {
		for _, d := range docs {
			k.show(r.Call, d)
		}
	}
	return k.around(r, p, docs, more)
}

// maxFiltered bounds what is read for filters that the database cannot apply.
const maxFiltered = 10000

// around writes a page in one of the vendor's two styles.
func (k *kind) around(r *request, p paging, docs []sdk.Doc, more bool) error {
	next, previous := "", ""
	if more && len(docs) > 0 {
		next = p.link(r, p.number+1, "PA"+k.cursor(docs[len(docs)-1]))
	}
	if p.number > 0 && len(docs) > 0 {
		previous = p.link(r, p.number-1, "PB"+k.cursor(docs[0]))
	}
	d := r.NewObject()
	if k.host == "api" {
		// [R 2017] the order of members.
		start := p.number * p.size
		d.SetString("first_page_uri", p.link(r, 0, ""))
		d.SetInt("end", int64(start+max(len(docs)-1, 0)))
		d.SetStringOrNull("previous_page_uri", previous)
		d.SetString("uri", p.link(r, p.number, r.text("PageToken")))
		d.SetInt("page_size", int64(p.size))
		d.SetInt("page", int64(p.number))
		addDocs(d.SetArray(k.list), docs)
		d.SetStringOrNull("next_page_uri", next)
		d.SetInt("start", int64(start))
		return r.JSON(d)
	}
	meta := d.SetObject("meta")
	meta.SetInt("page", int64(p.number))
	meta.SetInt("page_size", int64(p.size))
	meta.SetURL("first_page_url", k.host, p.link(r, 0, ""))
	for _, l := range [...]struct{ name, path string }{{"previous_page_url", previous}, {"url", p.link(r, p.number, r.text("PageToken"))}, {"next_page_url", next}} {
		if l.path == "" {
			meta.SetNull(l.name)
		} else {
			meta.SetURL(l.name, k.host, l.path)
		}
	}
	meta.SetString("key", k.list)
	addDocs(d.SetArray(k.list), docs)
	return r.JSON(d)
}

func addDocs(list sdk.Doc, docs []sdk.Doc) {
	for _, d := range docs {
		list.AddDoc(d)
	}
}

// cursor is what a page's token names a document by.
func (k *kind) cursor(d sdk.Doc) string {
	if sid := d.Get("sid").String(); sid != "" {
		return sid
	}
	id := d.Get(k.ID).String()
	return id[strings.LastIndexByte(id, '/')+1:]
}

// link is the path of a page with the filters of the request.
func (p *paging) link(r *request, number int, token string) string {
	var b strings.Builder
	b.WriteString(r.Path())
	separator := byte('?')
	add := func(name, value string) {
		b.WriteByte(separator)
		separator = '&'
		b.WriteString(escape(name))
		b.WriteByte('=')
		b.WriteString(escape(value))
	}
	for v := range r.params.All {
		if name := v.Key(); name != "PageSize" && name != "Page" && name != "PageToken" {
			add(name, v.String())
		}
	}
	add("PageSize", strconv.Itoa(p.size))
	add("Page", strconv.Itoa(number))
	if token != "" {
		add("PageToken", token)
	}
	return b.String()
}

// escape writes a text for a form or a query.
func escape(s string) string {
	const hex = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+8)
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' || c == '*':
			b = append(b, c)
		case c == ' ':
			b = append(b, '+')
		default:
			b = append(b, '%', hex[c>>4], hex[c&15])
		}
	}
	return string(b)
}
