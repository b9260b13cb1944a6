module example.com/welcome

go 1.26.0

require github.com/resend/resend-go/v3 v3.1.1
