# SPDX-License-Identifier: MIT
# frozen_string_literal: true

module SspiAsync
  # A handshake, and then what it protects. One call at a time.
  class Context
    WRAP_NO_ENCRYPT = 0x80000001
    STREAM_SIZES = 4
    TEXTS = { user_name: 1, package_name: 10, target: 27 }.freeze
    BYTES = { session_key: 9, application_protocol: 35, remote_certificate: 0x53 }.freeze
    BINDINGS = { unique: 25, endpoint: 26, exporter: 0x53500001 }.freeze
    private_constant :WRAP_NO_ENCRYPT, :STREAM_SIZES, :TEXTS, :BYTES, :BINDINGS

    # What was agreed on, so far: ISC_RET_* or ASC_RET_*.
    attr_reader :attributes
    # Until when it is good; nil: for ever, or not known.
    attr_reader :expiry
    # Bytes behind the last token that belong to what follows.
    attr_reader :extra

    def self.open(**options)
      context = new(**options)
      return context unless block_given?

      begin
        yield context
      ensure
        context.close
      end
    end

    # Use SspiAsync.client or server. package: 'Negotiate' if nothing is said; credential, or identity
    # for the one that the first leg acquires; timeout: seconds for each call.
    def initialize(target: nil, acceptor: false, package: nil, credential: nil, identity: nil,
                   principal: nil, flags: nil, channel_bindings: nil, application_protocols: nil,
                   timeout: nil)
      @target = target
      @acceptor = acceptor
      @package = package || credential&.package || 'Negotiate'
      @credential = credential
      @identity = identity
      @principal = principal
      @flags = flags || (acceptor ? ServerFlags : ClientFlags)::DEFAULTS
      @channel_bindings = channel_bindings
      @application_protocols = application_protocols
      @timeout = timeout
      @handle = Handle.new(0)
      @attributes = 0
      @extra = @rest = ''.b
      @owns = @dead = @complete = false
      ObjectSpace.define_finalizer(self, @handle.finalizer(:delete_context))
    end

    def self.import(package, packed)
      handle = Error.check(Native.import_context(package, packed))
      context = new(package: package)
      context.send(:note, Call::Outcome.new(SEC_E_OK, 0, 0, handle, -1, 0, 0, nil), nil)
      context
    end

    # Is the handshake done?
    def complete?
      @complete
    end

    # Its number in the library; 0 before the first leg and after the end.
    def handle
      @handle.number
    end

    # One leg: token is what the peer sent, nil at first; returns what to send, '' for nothing.
    def step(token = nil, timeout: @timeout)
      raise Error.for(SEC_E_INVALID_HANDLE, 'the context was deleted') if @dead

      acquire(timeout)
      outcome = Call.run(timeout: timeout) { |call, queue, id| leg(call, queue, id, token) }
      note(outcome, token)
      close if @dead # meanwhile
      outcome.token || ''.b
    end

    # Seals a message. Like all below it waits while a leg runs on the context; other threads go on.
    def encrypt(data, sign_only: false)
      Error.check(Native.encrypt(handle, sign_only ? WRAP_NO_ENCRYPT : 0, data))
    end

    # Opens what encrypt made on the other side. TLS: data is what the connection brought; what is no
    # whole record is kept for the next time.
    def decrypt(data, accept_signed: false)
      whole = @rest + data.b
      status, plain, qop, used = Native.decrypt(handle, whole)
      if status == SEC_E_INCOMPLETE_MESSAGE && stream?
        @rest = whole
        return ''.b
      end
      Error.check([status])
      if status == SEC_I_CONTEXT_EXPIRED && plain.to_s.empty?
        raise Error.for(SEC_E_CONTEXT_EXPIRED, 'the peer has closed the connection')
      end

      @rest = whole.byteslice(used..)
      if qop == WRAP_NO_ENCRYPT && !accept_signed
        raise Error.for(SEC_E_DECRYPT_FAILURE, 'the message is signed only, not encrypted')
      end

      plain || ''.b
    end

    # Is it TLS, which has records and no messages?
    def stream?
      Native.query_number(handle, STREAM_SIZES, 0).first == SEC_E_OK
    end

    def sign(data)
      Error.check(Native.sign(handle, data))
    end

    # Raises if signature is not of data.
    def verify(data, signature)
      Error.check(Native.verify(handle, data, signature))
    end

    # user_name: who was authenticated, 'alice@EXAMPLE.ORG' or 'DOMAIN\alice'. package_name: with
    # Negotiate, what was chosen. session_key is a secret.
    TEXTS.each do |name, attribute|
      define_method(name) { Error.check(Native.query_text(handle, attribute, 0)) }
    end
    BYTES.each do |name, attribute|
      define_method(name) { Error.check(Native.query_bytes(handle, attribute)) }
    end

    # Channel bindings for a context inside this TLS connection: :unique, :endpoint, :exporter.
    def channel_bindings(kind = :endpoint)
      Error.check(Native.query_bytes(handle, BINDINGS.fetch(kind)))
    end

    # How many bytes go into a sealed message of size bytes.
    def message_limit(size)
      Error.check(Native.message_limit(handle, 0, size))
    end

    # A new credential of what the client delegated.
    def delegated_credential
      number, expiry = Error.check(Native.delegated_credential(handle))
      Credential.new(number, @package, expiry)
    end

    # The context as bytes, for SspiAsync.import.
    def export
      Error.check(Native.export_context(handle, 0))
    end

    # Deletes it; calls on it that were made before finish first.
    def delete(timeout: nil)
      begun = !handle.zero? || @dead
      number = give_up
      return unless begun

      Call.run_end(timeout: timeout) do |call, queue, id|
        Native.delete_context(call, queue, id, number)
      end
    end

    # The same with nobody to hear of it. May be called again.
    def close
      number = give_up
      Native.delete_context(0, 0, 0, number) unless number.zero?
    end

    def self.delete_many(contexts, timeout: nil)
      numbers = contexts.map { |context| context.send(:give_up) }.reject(&:zero?)
      Call.run_end(timeout: timeout) do |call, queue, id|
        Native.delete_contexts(call, queue, id, numbers.pack('Q*'))
      end
    end

    private

    def acquire(timeout)
      return if @credential

      @credential = Credential.acquire(@package, @acceptor ? INBOUND : OUTBOUND,
                                       principal: @principal, identity: @identity,
                                       timeout: timeout)
      @owns = true
    end

    def leg(call, queue, id, token)
      first = handle.zero?
      bindings = first ? @channel_bindings : nil
      protocols = first ? pack_protocols : nil
      if @acceptor
        Native.accept(call, queue, id, @credential.handle, handle, @flags, token, bindings,
                      protocols)
      else
        Native.initialize_context(call, queue, id, @credential.handle, handle, @target, @flags,
                                  token, bindings, protocols)
      end
    end

    # ALPN: each name behind its length.
    def pack_protocols
      @application_protocols&.map { |name| [name.bytesize].pack('C') + name.b }&.join
    end

    def note(outcome, token)
      @handle.number = outcome.context unless outcome.context.zero?
      @attributes = outcome.attributes
      @expiry = outcome.expiry.negative? ? nil : Time.at(outcome.expiry)
      @extra = outcome.extra.positive? ? token.byteslice(-outcome.extra..).b : ''.b
      @complete = outcome.status == SEC_E_OK
    end

    def give_up
      @dead = true
      @credential.close if @owns
      @owns = false
      @handle.give_up
    end
  end
end
