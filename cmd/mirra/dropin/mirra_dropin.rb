# frozen_string_literal: true

# Leads connections to the vendors' hosts to a session of Mirra. Ruby loads it by
# RUBYOPT before the application. It requires nothing that is also a gem: Bundler
# would find another version of it loaded.
require 'socket'

module MirraDropIn
  HOME = File.expand_path('..', __dir__)
  CONFIG = { 'domain' => [] } # rubocop:disable Style/MutableConstant
  File.foreach(File.join(HOME, 'config'), chomp: true) do |line|
    key, value = line.split(' ', 2)
    key == 'domain' ? CONFIG['domain'] << value : CONFIG[key] = value
  end
  CA = File.join(HOME, 'ca.pem')
  DOOR, PORT = CONFIG['door'].split(/:(?=\d+\z)/)

  def self.plain(name)
    name.to_s.downcase.chomp('.')
  end

  def self.claimed?(name)
    CONFIG['domain'].any? { |d| plain(name) == d || plain(name).end_with?(".#{d}") }
  end

  def self.local?(name)
    /\A(|localhost|.*\.localhost|127\..*|::1|::ffff:127\..*|0\.0\.0\.0|::)\z/.match?(plain(name))
  end

  # redirect returns where a connection to host and port is to go.
  def self.redirect(host, port)
    if claimed?(host)
      unless %w[80 443 http https].include?(port.to_s)
        raise Errno::ECONNREFUSED, "mirra: #{host}:#{port} is not mirrored, and never called for real: mirrors answer on ports 443 and 80"
      end
      return [DOOR, PORT.to_i]
    end
    return [host, port] if CONFIG['egress'] != 'no' || local?(host)

    tell("#{host}:#{port}")
    raise Errno::ECONNREFUSED, "mirra: #{host}:#{port} belongs to no mirror, and the session was started with --no-egress"
  end

  # tell lets the proxy count what is refused here.
  def self.tell(target)
    _, user, host, port = %r{\Ahttp://([^:]*):x@(.*):(\d+)\z}.match(CONFIG['proxy']).to_a
    told = TCPSocket.new(host, port.to_i)
    told.write("CONNECT #{target} HTTP/1.1\r\nHost: x\r\nProxy-Authorization: Basic #{["#{user}:x"].pack('m0')}\r\n\r\n")
    told.read(1)
    told.close
  rescue SystemCallError
    nil # the refusal counts, not the list
  end

  module Connect
    def initialize(host = nil, port = nil, *rest, **named)
      host, port = MirraDropIn.redirect(host, port)
      super(host, port, *rest, **named)
    end
  end

  module ConnectBySocket
    def tcp(host, port, *rest, **named, &block)
      host, port = MirraDropIn.redirect(host, port)
      super(host, port, *rest, **named, &block)
    end
  end

  # Who brings certificates of its own gets one more.
  module Trust
    def add_file(path)
      super
      super(CA) unless path == CA
      self
    rescue OpenSSL::X509::StoreError
      raise unless path == CA # it is there already
    end

    def set_default_paths
      super
      add_file(CA)
    end
  end
end

TCPSocket.prepend(MirraDropIn::Connect)
Socket.singleton_class.prepend(MirraDropIn::ConnectBySocket)

if defined?(OpenSSL::X509::Store)
  OpenSSL::X509::Store.prepend(MirraDropIn::Trust)
else
  # openssl is a gem, so that it is waited for.
  waiting = TracePoint.new(:end) do
    if defined?(OpenSSL::SSL::SSLContext)
      waiting.disable
      OpenSSL::X509::Store.prepend(MirraDropIn::Trust)
    end
  end
  waiting.enable
end
