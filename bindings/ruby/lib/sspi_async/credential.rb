# SPDX-License-Identifier: MIT
# frozen_string_literal: true

module SspiAsync
  # A number of the library, and who lets go of it when nobody else has. The finalizer of an object
  # must not know the object: it knows this.
  class Handle
    attr_accessor :number

    def initialize(number)
      @number = number
    end

    # The number, which nobody has any more.
    def give_up
      given = @number
      @number = 0
      given
    end

    def finalizer(function)
      proc do
        given = give_up
        Native.public_send(function, 0, 0, 0, given) unless given.zero?
      end
    end
  end
  private_constant :Handle

  # Whom to log on, as the pairs of sspia_hub_acquire.
  module Identity
    NAMES = %i[
      user domain password packages ccache keytab client_keytab replay_cache armor_cache
      ntlm_user_file ntlm_helper impersonate certificate key key_password roots
    ].freeze
    MANUAL_CRED_VALIDATION = '8'

    module_function

    # verifier: of the identity's ntlm_verifier.
    def pack(identity, verifier = nil)
      pairs = (identity || {}).compact.map { |name, value| pack_one(name.to_sym, value, verifier) }
      pairs.empty? ? nil : pairs.join.b
    end

    def pack_one(name, value, verifier)
      case name
      when :ntlm_verifier
        raise ArgumentError, 'identity: ntlm_verifier is for acquire and server' unless verifier

        pair('ntlm_verifier', verifier.number.to_s)
      when :constrained_delegation then value ? pair('delegation', '1') : ''
      when :verify then pair('tls_flags', value ? '0' : MANUAL_CRED_VALIDATION)
      when *NAMES then pair(name, value)
      else
        raise ArgumentError, "identity: there is no #{name}; there are #{NAMES.join(', ')}, " \
                             'ntlm_verifier, constrained_delegation and verify'
      end
    end

    def pair(name, value)
      text = value.to_str.encode(Encoding::UTF_8)
      raise ArgumentError, "identity: #{name} has a NUL in it" if text.include?("\0")

      "#{name}\0#{text}\0"
    end
  end
  private_constant :Identity

  # What one logs on with. Any number of contexts may use it at the same time.
  class Credential
    attr_reader :package
    # Until when it is good; nil: for ever, or not known.
    attr_reader :expiry

    # With a block, it is closed when that is left.
    def self.acquire(package, use = OUTBOUND, principal: nil, identity: nil, timeout: nil)
      look = (identity || {}).transform_keys(&:to_sym)[:ntlm_verifier]
      verifier = look && Verifier.new(look)
      packed = Identity.pack(identity, verifier)
      outcome = Call.run(timeout: timeout) do |call, queue, id|
        Native.acquire(call, queue, id, package, principal, use, packed)
      end
      credential = new(outcome.credential, package, outcome.expiry, verifier)
      return credential unless block_given?

      begin
        yield credential
      ensure
        credential.close
      end
    end

    # Use Credential.acquire.
    def initialize(number, package, expiry, verifier = nil)
      @verifier = verifier # for as long as somebody may ask
      @handle = Handle.new(number)
      @package = package
      @expiry = expiry.negative? ? nil : Time.at(expiry)
      ObjectSpace.define_finalizer(self, @handle.finalizer(:free_credential))
    end

    # Its number in the library; 0 when it was freed.
    def handle
      @handle.number
    end

    # Who it is of.
    def name
      Error.check(Native.credential_name(handle))
    end

    # Frees it; contexts that were made with it go on.
    def free(timeout: nil)
      number = @handle.give_up
      Call.run_end(timeout: timeout) do |call, queue, id|
        Native.free_credential(call, queue, id, number)
      end
    end

    # The same with nobody to hear of it. May be called again.
    def close
      number = @handle.give_up
      Native.free_credential(0, 0, 0, number) unless number.zero?
    end
  end
end
