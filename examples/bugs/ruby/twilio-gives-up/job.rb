# Texts the gardener what is to be watered, and ends.
require 'json'
require 'net/http'

sid = ENV.fetch('TWILIO_ACCOUNT_SID', 'AC0123456789abcdef0123456789abcdef')
post = Net::HTTP::Post.new("/2010-04-01/Accounts/#{sid}/Messages.json")
post.basic_auth(sid, ENV.fetch('TWILIO_AUTH_TOKEN', 'secret'))
post.set_form_data('From' => ENV.fetch('TWILIO_NUMBER', '+15555550123'), 'To' => ENV.fetch('GARDENER', '+15558675310'), 'Body' => 'The roses, please.')

pauses = [1.5, 3, 6, 12]
begin
  response = Net::HTTP.start('api.twilio.com', 443, use_ssl: true) { |http| http.request(post) }
  limited = response.code == '429'
  sleep pauses.shift if limited && (again = pauses.any?)
end while limited && again
abort "not sent: #{response.body}" unless response.code == '201'
puts "sent #{JSON.parse(response.body)['sid']}"
