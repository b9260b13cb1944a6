# An application's calls of its vendors, which does not know Mirra: clients.rb NAME
# makes one object and prints its id.
require 'json'
require 'net/http'
require 'openssl'

KEY = 'sk_test_dropin1234567890'
AT = URI('https://api.stripe.com/v1/customers')

def post(http)
  http.use_ssl = true
  request = Net::HTTP::Post.new(AT)
  request['Authorization'] = "Bearer #{KEY}"
  request.set_form_data(name: 'ruby')
  JSON.parse(http.request(request).body)['id']
end

CLIENTS = {
  'net/http' => -> { post(Net::HTTP.new(AT.host, AT.port)) },
  # As stripe-ruby does it, which brings a bundle of its own.
  'net/http with a store of its own' => lambda {
    http = Net::HTTP.new(AT.host, AT.port, nil)
    http.cert_store = OpenSSL::X509::Store.new.tap { |s| s.add_file('/etc/ssl/certs/ca-certificates.crt') }
    post(http)
  },
  'net/smtp' => lambda {
    require 'net/smtp'
    mail = "From: onboarding@resend.dev\r\nTo: delivered@resend.dev\r\nSubject: hello\r\n\r\nhello\r\n"
    smtp = Net::SMTP.new('smtp.resend.com', 465)
    smtp.enable_tls
    smtp.start('localhost', 'resend', 're_e2e_123456789') { |s| s.send_message(mail, 'onboarding@resend.dev', 'delivered@resend.dev').string.split.last }
  },
  'a child process' => -> { IO.popen([RbConfig.ruby, __FILE__, 'net/http'], &:read).strip }
}.freeze
puts CLIENTS[ARGV[0]].call
