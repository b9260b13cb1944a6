# Texts the winners of a lottery.
require 'json'
require 'net/http'
require 'socket'

$stdout.sync = true
SID = ENV.fetch('TWILIO_ACCOUNT_SID', 'AC0123456789abcdef0123456789abcdef')
TOKEN = ENV.fetch('TWILIO_AUTH_TOKEN', 'secret')
NUMBER = ENV.fetch('TWILIO_NUMBER', '+15555550123')

def create(to, body)
  post = Net::HTTP::Post.new("/2010-04-01/Accounts/#{SID}/Messages.json")
  post.basic_auth(SID, TOKEN)
  post.set_form_data('From' => NUMBER, 'To' => to, 'Body' => body)
  Net::HTTP.start('api.twilio.com', 443, use_ssl: true) { |http| http.request(post) }
end

def send_text(to, body)
  pause = 0.3
  response = nil
  5.times do
    response = create(to, body)
    break unless response.code == '429'

    sleep pause
    pause *= 2
  end
  response
end

server = TCPServer.new('127.0.0.1', ENV.fetch('PORT', 3000))
puts "listening on #{server.addr[1]}"
loop do
  Thread.start(server.accept) do |client|
    method, path, = client.gets.to_s.split
    length = 0
    while (line = client.gets&.chomp) && !line.empty?
      length = line.split(':').last.to_i if line.downcase.start_with?('content-length:')
    end
    form = URI.decode_www_form(client.read(length)).to_h
    status, text = 404, 'not found'
    if method == 'POST' && path == '/send'
      response = send_text(form['to'], form.fetch('body', 'You have won.'))
      status, text = response.code == '201' ? 202 : 502, response.body
    end
    client.write "HTTP/1.1 #{status} #{status < 400 ? 'OK' : 'Refused'}\r\nContent-Length: #{text.bytesize}\r\nConnection: close\r\n\r\n#{text}"
  ensure
    client.close
  end
end
