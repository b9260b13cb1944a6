# Signs people up for a marathon. The file of users is what other programs read.
require 'json'
require 'net/http'
require 'socket'
require 'tmpdir'

$stdout.sync = true
FILE = ENV['USERS_FILE'] || File.join(Dir.mktmpdir, 'users.json')
LOCK = Mutex.new

# Gives the users, and writes what the block has made of them.
def update
  LOCK.synchronize do
    users = File.exist?(FILE) ? JSON.parse(File.read(FILE)) : []
    result = yield users
    File.write("#{FILE}.new", JSON.pretty_generate(users))
    File.rename("#{FILE}.new", FILE)
    result
  end
end

def send_welcome(email)
  post = Net::HTTP::Post.new('/emails', 'Authorization' => "Bearer #{ENV.fetch('RESEND_API_KEY', 're_123456789')}", 'Content-Type' => 'application/json')
  post.body = JSON.generate(from: 'Marathon <onboarding@resend.dev>', to: email, subject: 'Your number', text: 'Run!')
  Net::HTTP.start('api.resend.com', 443, use_ssl: true) { |http| http.request(post) }
end

def signup(body)
  email = body.start_with?('{') ? JSON.parse(body)['email'] : URI.decode_www_form(body).to_h['email']
  user = update do |users|
    users.find { |u| u['email'].casecmp?(email) } || { 'email' => email, 'mail' => 'good' }.tap { |new| users << new }
  end
  return [409, user] if user['mail'] == 'bad'

  sent = send_welcome(email)
  sent.code == '200' ? [201, user] : [502, JSON.parse(sent.body)]
end

def webhook(body)
  event = JSON.parse(body)
  if %w[email.bounced email.complained].include?(event['type'])
    update do |users|
      users.each { |u| u['mail'] = 'bad' if event['data']['to'].any? { |to| to.casecmp?(u['email']) } }
    end
  end
  [200, { received: true }]
end

server = TCPServer.new('127.0.0.1', ENV.fetch('PORT', 3000))
puts "marathon on port #{server.addr[1]}"
loop do
  Thread.start(server.accept) do |client|
    method, path, = client.gets.to_s.split
    length = 0
    while (line = client.gets&.chomp) && !line.empty?
      length = line.split(':').last.to_i if line.downcase.start_with?('content-length:')
    end
    body = client.read(length)
    status, value =
      case "#{method} #{path}"
      when 'POST /signup' then signup(body)
      when 'POST /api/resend/webhook' then webhook(body)
      when 'GET /users' then [200, update(&:itself)]
      else [404, { error: 'not found' }]
      end
    text = JSON.generate(value)
    client.write "HTTP/1.1 #{status} #{status < 400 ? 'OK' : 'Refused'}\r\nContent-Type: application/json\r\nContent-Length: #{text.bytesize}\r\nConnection: close\r\n\r\n#{text}"
  ensure
    client.close
  end
end
