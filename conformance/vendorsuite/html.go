package vendorsuite

import (
	_ "embed"
	"html/template"
	"io"
)

//go:embed report.html
var page string

var pageTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"percent":  percent,
	"verdicts": func() []Verdict { return []Verdict{Byte, Exact, Values, Shape, Status, Differs} },
	"count":    func(t Tally, v Verdict) int { return t.ByVerdict[v] },
	"text":     func(r *Report, b ErrorBody) string { return b.text(r.rules) },
	"all":      func(r *Report) Group { return Group{"all", r.Total, len(r.Operations)} },
}).Parse(page))

// HTML writes the report as one page that needs nothing else. It names no
// recordings: they may be private.
func (r *Report) HTML(w io.Writer) error { return pageTemplate.Execute(w, r) }
