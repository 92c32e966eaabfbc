# SPDX-License-Identifier: MIT
# frozen_string_literal: true

module SspiAsync
  # The NT hash of an account's password, 16 bytes.
  NtHash = Struct.new(:bytes)

  # Puts the questions of NTLM servers to a block of the program, each on a thread of its own. The
  # credential keeps the Verifier. When that is lost its number is freed, which ends the wait for
  # questions; whoever asks later is answered at once that nobody can tell.
  class Verifier
    NO = 0
    UNABLE = 1
    HASH = 2
    PASSWORD = 4

    # For the identity.
    attr_reader :number

    def initialize(look)
      raise ArgumentError, 'identity: ntlm_verifier is to be called' unless look.respond_to?(:call)

      @number = Native.verifier_create
      raise Error.for(SEC_E_INSUFFICIENT_MEMORY) if @number.zero?

      ObjectSpace.define_finalizer(self, Verifier.finalizer(@number))
      Verifier.listen(Native.call_create, @number, look)
    end

    class << self
      def finalizer(number)
        proc { Native.verifier_free(number) }
      end

      def listen(call, number, look)
        id = Queue.expect { hear(call, number, look) }
        return unless Native.verifier_wait(call, Queue.number, id, number).negative?

        Queue.forget(id)
        Native.call_free(call)
      end

      private

      def hear(call, number, look)
        return Native.call_free(call) if Native.call_status(call).negative?

        loop do
          status, question, user, domain = Native.verifier_take(number)
          break unless status.zero?

          Thread.new { Queue.call_back { ask(question, look, user || '', domain || '') } }
        end
        Native.call_reinit(call)
        listen(call, number, look)
      end

      def ask(question, look, user, domain)
        answered = answer(question, look.call(user, domain))
      ensure
        Native.verifier_answer(question, UNABLE, nil) unless answered
      end

      def answer(question, account)
        kind, secret =
          case account
          when nil then [NO, nil]
          when String then [PASSWORD, account.encode(Encoding::UTF_8).b]
          when NtHash then [HASH, account.bytes]
          else raise TypeError, 'an ntlm_verifier returns a password, an SspiAsync::NtHash or nil'
          end
        Error.check(Native.verifier_answer(question, kind, secret))
        true
      end
    end
  end
  private_constant :Verifier
end
