# Sends receipts for what was paid with Stripe.
require 'json'
require 'openssl'
require 'socket'

$stdout.sync = true
RECEIPTS = []

def genuine?(header, body)
  parts = header.to_s.split(',').map { |part| part.split('=', 2) }
  time = parts.assoc('t')&.last
  mac = OpenSSL::HMAC.hexdigest('SHA256', ENV.fetch('STRIPE_WEBHOOK_SECRET', ''), "#{time}.#{body}")
  parts.any? { |name, value| name == 'v1' && value && OpenSSL.secure_compare(value, mac) }
end

def answer(method, path, headers, body)
  case [method, path]
  when ['POST', '/stripe']
    return [400, { error: 'signature' }] unless genuine?(headers['stripe-signature'], body)
    event = JSON.parse(body)
    RECEIPTS << event['data']['object']['id'] if event['type'] == 'payment_intent.succeeded'
    [200, { received: true }]
  when ['GET', '/receipts'] then [200, RECEIPTS]
  else [404, { error: 'not found' }]
  end
end

server = TCPServer.new('127.0.0.1', ENV.fetch('PORT', 3000))
puts "listening on #{server.addr[1]}"
loop do
  Thread.start(server.accept) do |client|
    method, path, = client.gets.to_s.split
    headers = {}
    while (line = client.gets&.chomp) && !line.empty?
      name, value = line.split(': ', 2)
      headers[name.downcase] = value
    end
    status, value = answer(method, path, headers, client.read(headers['content-length'].to_i))
    text = JSON.generate(value)
    client.write "HTTP/1.1 #{status} #{status < 400 ? 'OK' : 'Refused'}\r\nContent-Type: application/json\r\nContent-Length: #{text.bytesize}\r\nConnection: close\r\n\r\n#{text}"
  ensure
    client.close
  end
end
