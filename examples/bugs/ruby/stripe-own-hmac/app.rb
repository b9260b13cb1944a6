# A library of pictures: a licence is granted when it is paid.
require 'json'
require 'openssl'
require 'socket'

$stdout.sync = true
TOLERANCE = 300 # seconds
LICENCES = {}

class BadSignature < StandardError; end

def verify!(header, body)
  parts = header.to_s.split(',').map { |part| part.split('=', 2) }
  time = Integer(parts.assoc('t')&.last || '', 10, exception: false)
  raise BadSignature, 'no timestamp' unless time
  raise BadSignature, 'timestamp outside the tolerance' if (Time.now.to_i - time).abs > TOLERANCE

  mac = OpenSSL::HMAC.hexdigest('SHA256', ENV.fetch('STRIPE_WEBHOOK_SECRET'), "#{time}.#{body}")
  return if parts.any? { |name, value| name == 'v1' && value && OpenSSL.secure_compare(value, mac) }

  raise BadSignature, 'no signature matches'
end

def webhook(headers, body)
  verify!(headers['stripe-signature'], body)
  event = JSON.parse(body)
  object = event['data']['object']
  case event['type']
  when 'payment_intent.succeeded' then LICENCES[object['id']] = 'granted'
  when 'charge.refunded' then LICENCES[object['payment_intent']] = 'withdrawn'
  end
  [200, { received: true }]
rescue BadSignature, JSON::ParserError => e
  [400, { error: e.message }]
end

server = TCPServer.new('127.0.0.1', ENV.fetch('PORT', 3000))
puts "licences on port #{server.addr[1]}"
loop do
  Thread.start(server.accept) do |client|
    method, path, = client.gets.to_s.split
    headers = {}
    while (line = client.gets&.chomp) && !line.empty?
      name, value = line.split(': ', 2)
      headers[name.downcase] = value
    end
    body = client.read(headers['content-length'].to_i)
    status, value =
      if method == 'POST' && path == '/webhooks' then webhook(headers, body)
      elsif method == 'GET' && path == '/licences' then [200, LICENCES]
      else [404, { error: 'not found' }]
      end
    text = JSON.generate(value)
    client.write "HTTP/1.1 #{status} #{status < 400 ? 'OK' : 'Refused'}\r\nContent-Type: application/json\r\nContent-Length: #{text.bytesize}\r\nConnection: close\r\n\r\n#{text}"
  ensure
    client.close
  end
end
