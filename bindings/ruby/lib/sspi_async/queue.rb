# SPDX-License-Identifier: MIT
# frozen_string_literal: true

module SspiAsync
  # Completions come to one queue for the process. A thread of Ruby waits for its descriptor, and
  # tells those who wait: a thread by its Thread::Queue, and so a fiber by its scheduler.
  #
  # 1. What is told (`heard`) runs on that thread, and must not block.
  # 2. @mutex guards the making of the thread, and nothing that happens often: fibers that contend
  #    for a Mutex with other threads make Ruby 3.1 end with "invalid keeping_mutexes". @waiting needs
  #    none, as a Hash does one thing at a time, and an object_id is never that of another object.
  # 3. A child that was forked has no thread and a descriptor of its own under the same number: it
  #    begins anew when it first waits, and nobody is left there to be told of the parent's calls.
  module Queue
    LOT = 256

    @number = Native.queue_create
    @mutex = Mutex.new
    @waiting = {}
    @pid = nil

    class << self
      attr_reader :number
      attr_writer :on_error

      # A new id, whose completion is told by the block, with its status.
      def expect(&heard)
        @mutex.synchronize { begin_anew unless begun? } unless begun?
        @waiting[heard.object_id] = heard
        heard.object_id
      end

      def forget(id)
        @waiting.delete(id)
      end

      # Runs a callback of the user's: what it raises stops nothing.
      def call_back
        yield
      rescue StandardError, ScriptError => e
        if @on_error
          @on_error.call(e)
        else
          warn("sspi_async: #{e.full_message(highlight: false)}")
        end
      end

      private

      def begun?
        @pid == Process.pid && @thread.alive?
      end

      def begin_anew
        @waiting.clear unless @pid == Process.pid
        @thread = Thread.new { tell }
        @thread.name = 'sspi_async'
        @pid = Process.pid
      end

      def tell
        io = IO.for_fd(Native.queue_fd(@number), autoclose: false)
        loop do
          IO.select([io])
          drain
        end
      end

      def drain
        loop do
          count, *taken = Native.queue_take(@number, 0, LOT)
          taken.each_slice(2) do |id, status|
            heard = forget(id)
            call_back { heard.call(status) } if heard
          end
          break if count < LOT
        end
      end
    end
  end
  private_constant :Queue
end
