package main

import (
	"strings"

	"github.com/mirrahq/mirra/sdk"
)

func receivingHandlers() {
	k := &kind{
		path: "emails", noun: "Email", param: "email_id", level: sdk.Modelled, keep: received, template: receivedTemplate, usual: everything,
		// [S resend-node GetReceivingEmailResponseSuccess and ListReceivingEmail, 6.38]
		shown:  "object id to from created_at subject html text headers bcc cc reply_to received_for message_id",
		listed: "id to from created_at subject bcc cc reply_to received_for message_id",
		show: func(r *request, d sdk.Doc, members string) sdk.Doc {
			out := r.pick(d, members)
			list := out.SetArray("attachments")
			for a := range d.Get("attachments").All {
				list.AddDoc(r.pick(a, "id filename content_type content_id content_disposition size"))
			}
			return out
		},
	}
	k.serve("")
	handle("emails/list-receiving", k.level, k.list)
	k.on("get-receiving", func(r *request, d sdk.Doc) error { return r.JSON(k.view(r, d, k.shown)) })
	attachmentHandlers(k, "receiving-attachment", hostInbound)
}

// receive keeps an inbound email and tells the endpoints. Arguments are members of
// it; to, cc and bcc may hold several addresses with commas between them.
func (r *request) receive() error {
	d := create(r.Call, receivedTemplate)
	for _, field := range [...]string{"to", "cc", "bcc", "reply_to"} {
		list := d.SetArray(field)
		for _, given := range r.params.Get(field).Texts() {
			for one := range strings.SplitSeq(given, ",") {
				list.AddString(strings.TrimSpace(one))
			}
		}
	}
	if d.Get("to").Len() == 0 {
		d.Get("to").AddString("inbox@" + r.receivingDomain())
	}
	r.set(d, "html", "headers")
	d.Put("received_for", d.Get("to"), "from", r.or("from", "Ada <ada@example.com>"), "subject", r.or("subject", "Hello"), "text", r.or("text", "Hello"),
		"message_id", r.or("message_id", "<"+r.Random(sdk.Objects, 24, sdk.Hex)+"@mail.example.com>"))
	given := r.params.Get("attachments")
	contents, err := readAttachments(given)
	if err != nil {
		return err
	}
	if kept := keepAttachments(r.Call, given, contents); kept.Exists() {
		d.SetDoc("attachments", kept)
	}
	data := r.Object("email_id", d.Get("id"), "created_at", sdk.ISOMillis(r.Now()), "from", d.Get("from"), "to", d.Get("to"), "bcc", d.Get("bcc"), "cc", d.Get("cc"),
		"message_id", d.Get("message_id"), "subject", d.Get("subject")) // [S description: EmailReceivedData]
	list := data.SetArray("attachments")
	for a := range d.Get("attachments").All {
		list.AddDoc(r.pick(a, "id filename content_type content_disposition content_id"))
	}
	received.MustInsert(r.Call, d)
	emit(r.Call, "email.received", func() sdk.Doc { return data })
	return spend(r.Call, 1) // [D knowledge-base/account-quotas-and-limits: received emails count]
}

func (r *request) receivingDomain() string {
	for _, d := range domains.Every(r.Call, "", "") {
		if d.Get("capabilities", "receiving").String() == "enabled" {
			return d.Get("name").String()
		}
	}
	return "mirra.resend.app" // [D dashboard/receiving: <id>.resend.app; the id is ours]
}
