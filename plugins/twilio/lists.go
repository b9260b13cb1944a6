package main

import (
	"cmp"
	"net/url"
	"slices"
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
func (k *kind) pagingOf(r *request, usual int) (p paging, err error) {
	p.size = usual
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

// maxFiltered bounds what is read for filters that the database cannot apply.
const maxFiltered = 10000

// answerPage answers with a page of a kind's documents; only, if not nil, keeps
// those it returns true for.
func (k *kind) answerPage(r *request, q sdk.ListQuery, only func(d sdk.Doc) bool) error {
	p, err := k.pagingOf(r, usualPage)
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
		docs = slices.DeleteFunc(docs, func(d sdk.Doc) bool { return !only(d) })
		more = len(docs) > skip+p.size
		if p.before != "" {
			skip = max(0, len(docs)-p.size) // those next to the page it came from
		}
	}
	docs = docs[min(skip, len(docs)):min(skip+p.size, len(docs))]
	more = more || p.before != "" // the page it came from
	if k.show != nil {
		for _, d := range docs {
			k.show(r.Call, d)
		}
	}
	return k.around(r, p, docs, more)
}

// around writes a page in one of the vendor's two styles.
func (k *kind) around(r *request, p paging, docs []sdk.Doc, more bool) error {
	here := p.link(r, p.number, r.text("PageToken"))
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
		d.SetString("uri", here)
		d.SetInt("page_size", int64(p.size))
		d.SetInt("page", int64(p.number))
		d.SetArray(k.list).AddDocs(docs)
		d.SetStringOrNull("next_page_uri", next)
		d.SetInt("start", int64(start))
		return r.JSON(d)
	}
	meta := d.SetObject("meta")
	meta.SetInt("page", int64(p.number))
	meta.SetInt("page_size", int64(p.size))
	for _, l := range [...][2]string{{"first_page_url", p.link(r, 0, "")}, {"previous_page_url", previous}, {"url", here}, {"next_page_url", next}} {
		meta.SetNull(l[0])
		if l[1] != "" {
			meta.SetURL(l[0], k.host, l[1])
		}
	}
	meta.SetString("key", k.list)
	d.SetArray(k.list).AddDocs(docs)
	return r.JSON(d)
}

// cursor is what a page's token names a document by.
func (k *kind) cursor(d sdk.Doc) string {
	id := d.Get(k.ID).String()
	return cmp.Or(d.Get("sid").String(), id[strings.LastIndexByte(id, '/')+1:])
}

// link is the path of a page with the filters of the request.
func (p *paging) link(r *request, number int, token string) string {
	var query [][2]string
	for v := range r.params.All {
		if name := v.Key(); name != "PageSize" && name != "Page" && name != "PageToken" {
			query = append(query, [2]string{name, v.String()})
		}
	}
	query = append(query, [2]string{"PageSize", strconv.Itoa(p.size)}, [2]string{"Page", strconv.Itoa(number)})
	if token != "" {
		query = append(query, [2]string{"PageToken", token})
	}
	return r.Path() + "?" + encode(query)
}

// encode writes fields as a form or a query, in their order.
func encode(fields [][2]string) string {
	var b strings.Builder
	for i, f := range fields {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(url.QueryEscape(f[0]) + "=" + url.QueryEscape(f[1]))
	}
	return b.String()
}
