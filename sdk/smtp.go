package sdk

import "github.com/mirrahq/mirra/abi"

// ProtocolSMTP makes a host a mail relay. Its plugin handles SMTPLogin and
// SMTPMail on it, and answers both with Reply.
const ProtocolSMTP = abi.ProtocolSMTP

// Patterns for HandleHost. A login has the parameters of abi.MailLogin, a mail
// those of abi.Mail; the password, or key, is the request's Credential, of scheme
// basic-password.
const (
	SMTPLogin = "POST " + abi.SMTPLoginPath
	SMTPMail  = "POST " + abi.SMTPMailPath
)

// Reply answers a login or a mail in the protocol, "250 2.0.0 OK". The status
// stands for it in traces.
func (c *Call) Reply(status int, line string) error {
	c.SetStatus(status)
	return c.SendText("text/plain; charset=utf-8", line)
}
