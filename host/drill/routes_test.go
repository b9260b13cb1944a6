package drill

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// Routes are found as frameworks have them, those of other people's packages are not.
func TestLook(t *testing.T) {
	t.Parallel()
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	found := look(fstest.MapFS{
		"server.js":                            file("app.use('/hooks', router)\nrouter.post(\"/payments\", f)\nif (event.type === 'checkout.session.completed') {}"),
		"main.go":                              file("mux.HandleFunc(\"POST /billing/stripe-events\", f)"),
		"shop/urls.py":                         file("path('pay/webhook/', view)"),
		"config/routes.rb":                     file("post 'incoming/stripe', to: 'x#y'"),
		"app/(shop)/api/webhooks/pay/route.ts": file(""),
		"pages/api/stripe-hook.ts":             file(""),
		"src/routes/hooks/[id]/+server.ts":     file(""),
		"public/stripe-webhook.php":            file("<?php"),
		"api.js":                               file("app.post('/orders/:id/webhook', f); app.get('/users', g)"),
		"node_modules/x/index.js":              file("app.post('/webhook-of-a-package', f)"),
		"binary.js":                            file("\x00'/webhook-of-a-binary'"),
	}, "stripe")
	for _, want := range []string{"/hooks/payments", "/billing/stripe-events", "/pay/webhook", "/incoming/stripe", "/api/webhooks/pay", "/api/stripe-hook", "/stripe-webhook.php", "/webhooks/stripe"} {
		if !slices.Contains(found.paths, want) {
			t.Errorf("%s is not found; there are %v", want, found.paths)
		}
	}
	for _, not := range []string{"/users", "/orders/:id/webhook", "/webhook-of-a-package", "/webhook-of-a-binary"} {
		if slices.Contains(found.paths, not) {
			t.Errorf("%s is found", not)
		}
	}
	if !slices.Contains(found.words, "checkout.session.completed") {
		t.Errorf("events are %v", found.words)
	}
}

// A project that is large, such as a repository of many applications, ends: all pairs of
// its literals were made once, and more than memory holds.
func TestLookAtMuch(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&text, "'p%d'\n'hook%d'\n", i, i)
	}
	all := fstest.MapFS{}
	for i := range 20 { // of so many files, as each is read up to a size
		part := text.String()[i*text.Len()/20 : (i+1)*text.Len()/20]
		all[fmt.Sprintf("%d.js", i)] = &fstest.MapFile{Data: []byte(part)}
	}
	if found := look(all, "stripe"); len(found.paths) != maxPaths || !slices.Contains(found.paths, "/hook1") {
		t.Errorf("%d paths are found, want %d, and /hook1 among them", len(found.paths), maxPaths)
	}
}
