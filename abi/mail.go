package abi

// Paths of the requests that a host of protocol smtp hands over. Both are POST
// requests with the login as Authorization: Basic USER:PASSWORD. The body of
// their answer is the reply of the protocol, "250 2.0.0 OK"; the status decides
// where it is none.
const (
	SMTPLoginPath = "/login" // the body is a MailLogin
	SMTPMailPath  = "/mails" // the body is a Mail
)

// MailLogin is what an SMTP client logs in with, beside the password.
type MailLogin struct {
	User string `json:"user"`
}

// Mail is one mail that an SMTP client sent, read from its MIME form. Texts are
// decoded to UTF-8, with lines that end with a line feed. Addresses stand as "Name <local@domain>", those of the
// envelope as "local@domain".
type Mail struct {
	Sender     string   `json:"sender"`     // of the envelope
	Recipients []string `json:"recipients"` // of the envelope, Bcc among them

	From []string `json:"from,omitempty"`
	To   []string `json:"to,omitempty"`
	Cc   []string `json:"cc,omitempty"`
	// Bcc are those of the header, and recipients of the envelope that no header shows.
	Bcc     []string `json:"bcc,omitempty"`
	ReplyTo []string `json:"reply_to,omitempty"`
	Subject string   `json:"subject,omitempty"`
	// Headers are the others, in the order they came, without those of MIME.
	Headers []Header `json:"headers,omitempty"`

	Text        string       `json:"text,omitempty"`
	HTML        string       `json:"html,omitempty"`
	Attachments []Attachment `json:"attachments,omitempty"`
}

// Attachment is a part of a Mail that is not its text.
type Attachment struct {
	Filename    string `json:"filename,omitempty"`
	ContentType string `json:"content_type"`
	ContentID   string `json:"content_id,omitempty"` // without angle brackets
	Inline      bool   `json:"inline,omitempty"`
	Content     []byte `json:"content"` // base64 in JSON
}
