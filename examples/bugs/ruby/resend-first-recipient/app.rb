# Signs people up for a hotel; the desk gets each welcome too.
require 'json'
require 'net/http'
require 'socket'

$stdout.sync = true
DESK = 'delivered+desk@resend.dev'
USERS = {}

def send_welcome(email)
  post = Net::HTTP::Post.new('/emails', 'Authorization' => "Bearer #{ENV.fetch('RESEND_API_KEY', 're_123456789')}", 'Content-Type' => 'application/json')
  post.body = JSON.generate(from: 'Hotel <hotel@mail.acme.com>', to: [DESK, email], subject: 'Welcome', text: 'Sleep well.')
  Net::HTTP.start('api.resend.com', 443, use_ssl: true) { |http| http.request(post) }
end

def answer(method, path, body)
  case "#{method} #{path}"
  when 'POST /signup'
    email = body.start_with?('{') ? JSON.parse(body)['email'] : URI.decode_www_form(body).to_h['email']
    user = USERS[email] ||= { email: email, mail: 'on' }
    return [409, user] if user[:mail] == 'off'

    sent = send_welcome(email)
    sent.code == '200' ? [201, user] : [502, JSON.parse(sent.body)]
  when 'POST /webhooks/resend'
    event = JSON.parse(body)
    if event['type'] == 'email.bounced'
      user = USERS[event['data']['to'].first]
      user[:mail] = 'off' if user
    end
    [200, {}]
  when 'GET /users' then [200, USERS.values]
  else [404, { error: 'not found' }]
  end
end

server = TCPServer.new('127.0.0.1', ENV.fetch('PORT', 3000))
puts "hotel on port #{server.addr[1]}"
loop do
  Thread.start(server.accept) do |client|
    method, path, = client.gets.to_s.split
    length = 0
    while (line = client.gets&.chomp) && !line.empty?
      length = line.split(':').last.to_i if line.downcase.start_with?('content-length:')
    end
    status, value = answer(method, path, client.read(length))
    text = JSON.generate(value)
    client.write "HTTP/1.1 #{status} #{status < 400 ? 'OK' : 'Refused'}\r\nContent-Type: application/json\r\nContent-Length: #{text.bytesize}\r\nConnection: close\r\n\r\n#{text}"
  ensure
    client.close
  end
end
