package main

import "github.com/mirrahq/mirra/sdk"

func subscriptionItemHandlers() {
	handle("GetSubscriptionItems", sdk.Modelled, func(r *request) error {
		id := r.text("subscription")
		d, ok := subscriptions().Get(r.Call, id)
		if !ok {
			return missing("subscription", id, "subscription")
		}
		return r.answerElements(d.Get("items", "data"), "/v1/subscription_items")
	})
	handle("GetSubscriptionItemsItem", sdk.Modelled, func(r *request) error {
		_, item, err := r.item()
		if err != nil {
			return err
		}
		return r.answer(item)
	})
	handle("PostSubscriptionItems", sdk.Modelled, func(r *request) error {
		id := r.text("subscription")
		d, ok := subscriptions().Get(r.Call, id)
		if !ok {
			return missing("subscription", id, "subscription")
		}
		return r.changeItem(d, "")
	})
	handle("PostSubscriptionItemsItem", sdk.Modelled, func(r *request) error {
		d, item, err := r.item()
		if err != nil {
			return err
		}
		return r.changeItem(d, item.Get("id").String())
	})
	handle("DeleteSubscriptionItemsItem", sdk.Modelled, func(r *request) error {
		d, item, err := r.item()
		if err != nil {
			return err
		}
		id := item.Get("id").String()
		r.params.SetBool("deleted", true)
		tombstone := r.NewObject()
		tombstone.SetString("id", id)
		tombstone.SetString("object", "subscription_item")
		tombstone.SetBool("deleted", true)
		if err := r.changeItems(d, id); err != nil {
			return err
		}
		return r.JSON(tombstone)
	})
}

var findItem = sdk.Define(`SELECT doc FROM objects WHERE type = 'subscription' AND account = ?1 AND deleted = 0 AND EXISTS (SELECT 1 FROM json_each(doc, '$.items.data') WHERE value ->> '$.id' = ?2) LIMIT 1`)

// item is the item of the path, with the subscription it is part of. Those of
// seeded subscriptions are looked for in all of them.
func (r *request) item() (d, item sdk.Doc, err error) {
	id := r.Value("item")
	d, ok := subscriptions().Get(r.Call, markOf(r.Call, id, markSubscription))
	if !ok {
		if rows := findItem.MustRun(r.Args().Text(r.Account()).Text(id)); rows.Next() {
			d, ok = r.Trusted(rows.Text()), true
		}
	}
	if ok {
		item = itemOf(d.Get("items", "data"), id)
	}
	if !item.Exists() {
		return d, item, notFound("subscription_item", id, "item") // believed
	}
	return d, item, nil
}

// changeItem changes an item by the parameters, or adds one if id is "", and
// answers with it.
func (r *request) changeItem(d sdk.Doc, id string) error {
	if err := r.changeItems(d, id); err != nil {
		return err
	}
	now, _ := subscriptions().Get(r.Call, d.Get("id").String())
	data := now.Get("items", "data")
	if id == "" {
		return r.answer(data.At(data.Len() - 1))
	}
	return r.answer(itemOf(data, id))
}

func (r *request) changeItems(d sdk.Doc, id string) error {
	before := d.Clone(r.Arena)
	given := r.NewObject()
	if id != "" {
		given.SetString("id", id)
	}
	for _, name := range [...]string{"price", "price_data", "quantity", "metadata", "deleted"} {
		if v := r.params.Get(name); v.Exists() {
			given.SetDoc(name, v)
		}
	}
	change := itemChange{r: r, d: d, at: r.Unix(), behavior: textOr(r.text("proration_behavior"), "create_prorations")}
	if n, ok := r.params.Get("proration_date").Int(); ok {
		change.at = n
	}
	list := r.NewObject().SetArray("items")
	list.AddDoc(given)
	if err := change.items(list); err != nil {
		return err
	}
	return r.storeUpdate(before, d, &change)
}
