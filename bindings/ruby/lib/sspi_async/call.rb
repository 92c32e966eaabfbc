# SPDX-License-Identifier: MIT
# frozen_string_literal: true

module SspiAsync
  # One operation of the library: submitted, waited for, its outcome taken.
  module Call
    LONGEST_MS = 0xFFFFFFFE

    Outcome = Struct.new(:status, :attributes, :credential, :context, :expiry, :extra, :missing,
                         :token)

    module_function

    def outcome(call)
      Outcome.new(*Native.call_take(call)[1..])
    end

    def milliseconds(seconds)
      raise ArgumentError, 'timeout is seconds, not less than 0' unless seconds >= 0
      return 0 if seconds == Float::INFINITY

      (seconds * 1000).ceil.clamp(1, LONGEST_MS)
    end

    # Submits by the block (call, queue, id) and waits for the outcome: a thread blocks, a fiber of a
    # scheduler lets others run. If it is left by an exception (Timeout, Thread#kill), the call ends.
    def run(timeout: nil, &begins)
      call = Native.call_create
      raise Error.for(SEC_E_INSUFFICIENT_MEMORY) if call.zero?

      begin
        Error.check(Native.call_set_deadline(call, milliseconds(timeout))) if timeout
        wait { |id| begins.call(call, Queue.number, id) }
        finish(call)
      ensure
        Native.call_free(call)
      end
    end

    # A delete or a free: it needs no call of its own, and is carried out even if nobody waits on.
    def run_end(timeout: nil, &begins)
      return run(timeout: timeout, &begins) && nil if timeout

      status = wait { |id| begins.call(0, Queue.number, id) }
      raise Error.for(status) if status.negative?
    end

    def wait
      heard = Thread::Queue.new
      id = Queue.expect { |status| heard << status }
      begin
        Error.check(yield(id))
        heard.pop
      ensure
        Queue.forget(id)
      end
    end
    private_class_method :wait

    def finish(call)
      got = outcome(call)
      raise Error.for(got.status, Native.call_message(call)[1], got) if got.status.negative?

      got
    end
    private_class_method :finish
  end
  private_constant :Call
end
