package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

// kind is one kind of object, with what the operations that every kind has need to
// know of it.
type kind struct {
	path   string // of its operations' ids, "topics"
	object string // what documents say they are, "topic"
	noun   string // in errors, "Topic"
	param  string // of the path that names one
	level  sdk.Level

	keep     *sdk.Collection
	template *sdk.Template
	shown    string // members of one, in order
	listed   string // members of one in a list
	usual    int    // how many a list without a limit has; 0 is twenty
	filter   string // a parameter of lists that a member has to equal
	named    string // an indexed member that names one as its id does

	// set changes a document as the parameters say, which fit the description.
	set func(r *request, d sdk.Doc) error
	// show makes what an answer shows of a document, instead of its members alone.
	show func(r *request, d sdk.Doc, members string) sdk.Doc
	// answer answers what was created, other than with its id.
	answer func(r *request, d sdk.Doc) error
	// data is what events of the kind say: created, updated, deleted. Nil has none.
	data func(c *sdk.Call, d sdk.Doc) sdk.Doc
	// leave takes with an object what hangs on it.
	leave func(c *sdk.Call, id string)
	// complete checks a seeded document, which has the template's members.
	complete func(c *sdk.Call, path string, d sdk.Doc)
}

// serve registers operations of a kind, of create, list, get, update and remove.
func (k *kind) serve(operations string) {
	if k.template != nil {
		k.keep.Complete = func(c *sdk.Call, path string, given sdk.Doc) sdk.Doc {
			d := create(c, k.template)
			for m := range given.All {
				d.SetDoc(m.Key(), m)
			}
			if id := d.Get("id").String(); !sdk.IsUUID(id) {
				c.AddFault(path+".id", "want a UUID")
			}
			if k.complete != nil {
				k.complete(c, path, d)
			}
			return d
		}
	}
	for _, op := range strings.Fields(operations) {
		switch op {
		case "create":
			handle(k.path+"/create", k.level, k.create)
		case "list":
			handle(k.path+"/list", k.level, k.list)
		case "get":
			k.on("get", func(r *request, d sdk.Doc) error { return r.JSON(k.view(r, d, k.shown)) })
		case "update":
			k.on("update", func(r *request, d sdk.Doc) error { return k.change(r, d) })
		case "remove":
			k.on("remove", func(r *request, d sdk.Doc) error { return k.remove(r, d) })
		}
	}
}

// duplicates registers the operation that copies members of an object into a new one.
func (k *kind) duplicates(members ...string) {
	k.on("duplicate", func(r *request, from sdk.Doc) error {
		d := create(r.Call, k.template)
		d.Put("name", from.Get("name").String()+" (Copy)", "updated_at", d.Get("created_at")) // the name is believed
		for _, name := range members {
			d.SetDoc(name, from.Get(name))
		}
		if k.complete != nil {
			k.complete(r.Call, "", d)
		}
		k.keep.MustInsert(r.Call, d)
		return r.answer("object", k.object, "id", d.Get("id"))
	})
}

// on registers an operation on the object that its path names.
func (k *kind) on(verb string, run func(r *request, d sdk.Doc) error) {
	handle(k.path+"/"+verb, k.level, func(r *request) error {
		d, err := k.find(r, r.Value(k.param))
		if err != nil {
			return err
		}
		return run(r, d)
	})
}

// find is the object of an id or, if the kind has some, a name.
func (k *kind) find(r *request, id string) (sdk.Doc, error) {
	if k.named != "" && !sdk.IsUUID(id) {
		if k.named == "email" {
			id = lower(id)
		}
		if d, ok := k.keep.First(r.Call, k.named, id); ok {
			return d, nil
		}
		return sdk.Doc{}, notFound(k.noun)
	}
	if !sdk.IsUUID(id) {
		return sdk.Doc{}, invalid("The `id` must be a valid UUID.") // [R]
	}
	if d, ok := k.keep.Get(r.Call, id); ok {
		return d, nil
	}
	return sdk.Doc{}, notFound(k.noun)
}

func (k *kind) view(r *request, d sdk.Doc, members string) sdk.Doc {
	if k.show != nil {
		return k.show(r, d, members)
	}
	return r.pick(d, members)
}

func (k *kind) create(r *request) error {
	d, err := k.made(r)
	if err != nil {
		return err
	}
	if k.answer != nil {
		return k.answer(r, d)
	}
	return r.answer("object", k.object, "id", d.Get("id"))
}

// made makes an object of the parameters, and keeps it.
func (k *kind) made(r *request) (sdk.Doc, error) {
	d := create(r.Call, k.template)
	if err := r.check(); err != nil {
		return d, err
	}
	if err := k.set(r, d); err != nil {
		return d, err
	}
	k.keep.MustInsert(r.Call, d)
	k.tell(r.Call, "created", d)
	return d, nil
}

func (k *kind) change(r *request, d sdk.Doc) error {
	if err := r.check(); err != nil {
		return err
	}
	if err := k.set(r, d); err != nil {
		return err
	}
	return k.changed(r, d)
}

// changed keeps what was changed, and answers with the id.
func (k *kind) changed(r *request, d sdk.Doc) error {
	k.keep.Update(r.Call, d)
	k.tell(r.Call, "updated", d)
	return r.answer("object", k.object, "id", d.Get("id"))
}

func (k *kind) remove(r *request, d sdk.Doc) error {
	id := d.Get("id").String()
	k.delete(r.Call, d)
	return r.answer("object", k.object, "id", id, "deleted", true) // [R: in this order]
}

// delete takes an object away.
func (k *kind) delete(c *sdk.Call, d sdk.Doc) {
	id := d.Get("id").String()
	k.tell(c, "deleted", d)
	if k.leave != nil {
		k.leave(c, id)
	}
	k.keep.Delete(c, id, c.NewObject())
}

func (k *kind) tell(c *sdk.Call, what string, d sdk.Doc) {
	if k.data != nil {
		emit(c, k.object+"."+what, func() sdk.Doc { return k.data(c, d) })
	}
}

func (k *kind) list(r *request) error {
	q, err := r.page(k.usual)
	if err != nil {
		return err
	}
	if v := r.text(k.filter); v != "" {
		q.Filter("$."+k.filter, v)
	}
	return r.list(k.keep, q, func(d sdk.Doc) sdk.Doc { return k.view(r, d, k.listed) })
}

// refers checks an id that a seeded document names, or may leave out.
func refers(c *sdk.Call, path string, k *sdk.Collection, id string, may bool) {
	if _, ok := k.Get(c, id); !ok && (id != "" || !may) {
		c.AddFault(path, "no "+k.Type+" "+id)
	}
}
