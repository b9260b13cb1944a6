package smtp

import "github.com/emersion/go-sasl"

// loginServer is the LOGIN mechanism, which was never more than a draft
// (draft-murchison-sasl-login-00) and is what Outlook, PHPMailer and others use.
type loginServer struct {
	logIn func(user, password string) error
	user  string
	step  int
}

var _ sasl.Server = (*loginServer)(nil)

// Next implements sasl.Server.
func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	if response == nil {
		return []byte("Username:"), false, nil
	}
	l.step++
	switch l.step {
	case 1:
		l.user = string(response)
		return []byte("Password:"), false, nil
	case 2:
		return nil, true, l.logIn(l.user, string(response))
	}
	return nil, false, sasl.ErrUnexpectedClientResponse
}
