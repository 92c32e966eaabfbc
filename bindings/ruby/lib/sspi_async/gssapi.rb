# SPDX-License-Identifier: MIT
# frozen_string_literal: true

require 'sspi_async'

module SspiAsync
  # The interface of the gem gssapi, for programs that have it now: a program of theirs says
  # `GSSAPI = SspiAsync::GSSAPI` and goes on, with NTLM and Negotiate too.
  module GSSAPI
    GssApiError = SspiAsync::Error

    # Kerberos for one peer. package names another one.
    class Simple
      # The context, once there is one.
      attr_reader :context

      def initialize(host_name, service_name = nil, keytab = nil, package: 'Kerberos',
                     identity: nil)
        service = service_name || 'host'
        @target = service.include?('@') ? service : "#{service}@#{host_name}"
        @package = package
        @identity = identity
        set_keytab(keytab) if keytab
      end

      def set_keytab(keytab) # rubocop:disable Naming/AccessorMethodName -- theirs
        @identity = (@identity || {}).merge(keytab: keytab)
        true
      end

      # A token for the service, or true when there is none to be sent. opts: :flags, :delegate.
      def init_context(in_token = nil, opts = {})
        flags = opts[:flags] || ClientFlags::DEFAULTS |
                                (opts[:delegate] ? ClientFlags::DELEGATE : 0)
        @context ||= SspiAsync.client(@target, package: @package, identity: @identity, flags: flags)
        token_or_true(@context.step(in_token))
      end

      # princ: whose keys; nil for any of the keytab. opts: :usage, :accept (at first), :initiate or
      # :both.
      def acquire_credentials(princ = nil, opts = { usage: :accept })
        use = { accept: INBOUND, initiate: OUTBOUND, both: BOTH }.fetch(opts[:usage]) do
          raise ArgumentError, "usage is :accept, :initiate or :both, not #{opts[:usage].inspect}"
        end
        @credential = SspiAsync.acquire(@package, use, principal: princ, identity: @identity)
        true
      end

      # A token for the client, or true when there is none to be sent.
      def accept_context(in_token)
        unless @credential
          raise GssApiError.for(SEC_E_INVALID_HANDLE, 'no credential: call acquire_credentials')
        end

        @context ||= SspiAsync.server(credential: @credential)
        token_or_true(@context.step(in_token))
      end

      # Who the client is.
      def display_name
        @context.user_name
      end

      # Seals a message, or signs it only.
      def wrap_message(msg, encrypt = true)
        @context.encrypt(msg, sign_only: !encrypt)
      end

      def unwrap_message(msg, encrypted = true)
        @context.decrypt(msg, accept_signed: !encrypted)
      end

      private

      def token_or_true(token)
        token.empty? ? true : token
      end
    end
  end
end
