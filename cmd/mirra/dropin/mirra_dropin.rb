# frozen_string_literal: true

# Leads connections to the vendors' hosts to a session of Mirra. Ruby loads it by
# RUBYOPT before the application. It requires nothing that is also a gem: Bundler
# would find another version of it loaded.
require 'socket'

module MirraDropIn
  DOMAINS = ENV.fetch('MIRRA_DOMAINS', '').split(',').freeze
  PASS = ENV.fetch('MIRRA_PASS_THROUGH', '').split(',').freeze
  NO_EGRESS = ENV['MIRRA_EGRESS'] == 'no'
  CA = ENV.fetch('MIRRA_CA_FILE', '').freeze
  DOOR, PORT = ENV.fetch('MIRRA_DOOR', '').split(/:(?=\d+\z)/)

  def self.plain(name)
    name.to_s.downcase.chomp('.')
  end

  def self.claimed?(name)
    DOMAINS.any? { |d| plain(name) == d || plain(name).end_with?(".#{d}") } && !passes?(plain(name))
  end

  # passes? tells whether a name is passed on to its vendor.
  def self.passes?(name)
    PASS.any? { |e| name == e || (e.start_with?('*') && name.end_with?(e[1..])) } && !PASS.include?("!#{name}")
  end

  def self.local?(name)
    /\A(|localhost|.*\.localhost|127\..*|::1|::ffff:127\..*|0\.0\.0\.0|::)\z/.match?(plain(name))
  end

  # redirect returns where a connection to host and port is to go.
  def self.redirect(host, port)
    if claimed?(host)
      unless %w[80 443 465 2465 http https smtps].include?(port.to_s)
        raise Errno::ECONNREFUSED, "mirra: #{host}:#{port} is not mirrored, and never called for real: mirrors answer on ports 443 and 80, mail relays on 465 and 2465"
      end
      return [DOOR, PORT.to_i]
    end
    return [host, port] if !NO_EGRESS || local?(host)

    tell("#{host}:#{port}")
    raise Errno::ECONNREFUSED, "mirra: #{host}:#{port} belongs to no mirror, and the session was started with --no-egress"
  end

  # tell lets the proxy count what is refused here.
  def self.tell(target)
    _, user, host, port = %r{\Ahttp://([^:]*):x@(.*):(\d+)\z}.match(ENV['MIRRA_PROXY']).to_a
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

  # URI#find_proxy looks every name up, to tell loopback.
  module LookUp
    def getaddress(host)
      MirraDropIn.claimed?(host) ? DOOR : super
    end
  end

  module LookUpAll
    def getaddrinfo(host, port, *rest, **named)
      host, port = MirraDropIn.redirect(host, port) if MirraDropIn.claimed?(host)
      super(host, port, *rest, **named)
    end
  end

  # trust adds the certificate of the session's vendors. It may be there already, or
  # the session have ended: its door leads nowhere, and nothing goes elsewhere.
  def self.trust(store)
    store.add_file(CA)
  rescue OpenSSL::X509::StoreError
    nil
  end

  # Who brings certificates of its own gets one more.
  module Trust
    def add_file(path)
      super
      MirraDropIn.trust(self) unless path == CA
      self
    end

    def set_default_paths
      super
      MirraDropIn.trust(self)
    end
  end
end

TCPSocket.prepend(MirraDropIn::Connect)
Socket.singleton_class.prepend(MirraDropIn::ConnectBySocket)
IPSocket.singleton_class.prepend(MirraDropIn::LookUp)
Addrinfo.singleton_class.prepend(MirraDropIn::LookUpAll)

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
