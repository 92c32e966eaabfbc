# SPDX-License-Identifier: MIT
# frozen_string_literal: true

require 'sspi_async'

module SspiAsync
  # The eleven functions under their Windows names, for ports. An output is a Place, whose value is
  # filled when the call completes; a handle is one too. Callbacks run on the thread that tells of
  # completions, one after the other.
  module Raw
    Place = Struct.new(:value)
    Buffer = Struct.new(:type, :data, :size)

    SECBUFFER_TOKEN = 2
    SECBUFFER_MISSING = 4
    SECBUFFER_EXTRA = 5
    SECBUFFER_CHANNEL_BINDINGS = 14
    SECBUFFER_APPLICATION_PROTOCOLS = 18

    # Tracks one call at a time.
    class AsyncContext
      attr_reader :callback, :freed

      def initialize(number)
        @handle = Handle.new(number)
        @mutex = Mutex.new
        @freed = false
        ObjectSpace.define_finalizer(self, self.class.finalizer(@handle))
      end

      def self.finalizer(handle)
        proc { Native.call_free(handle.give_up) }
      end

      def free
        @mutex.synchronize do
          collect
          @freed = true
          Native.call_free(@handle.give_up)
          Queue.forget(@id) if @id
        end
      end

      def reinit
        @mutex.synchronize do
          next STATUS_DEVICE_BUSY if pending?

          collect
          Native.call_reinit(@handle.number)
        end
      end

      def notify(callback, data)
        @mutex.synchronize do
          next SEC_E_INVALID_HANDLE if @freed
          next SEC_E_INVALID_PARAMETER if pending?

          @callback = callback
          @data = data
          SEC_E_OK
        end
      end

      def status
        @mutex.synchronize do
          status = Native.call_status(@handle.number)
          collect
          status
        end
      end

      # Submits by begins.call(call, queue, id); fill gets the outcome, once.
      def submit(begins, fill = nil)
        @mutex.synchronize do
          callback = @callback
          data = @data
          id = nil
          id = Queue.expect { heard(id, callback, data) }
          status = begins.call(@handle.number, Queue.number, id)
          if status.negative?
            Queue.forget(id)
          else
            @id = id
            @fill = fill
          end
          status
        end
      end

      private

      def heard(id, callback, data)
        freed = @mutex.synchronize do
          collect if @id == id
          @freed
        end
        callback.call(self, data) if callback && !freed
      end

      def pending?
        Native.call_status(@handle.number) == SEC_I_ASYNC_CALL_PENDING
      end

      # Writes the outputs of a call that is over. The mutex is held.
      def collect
        return if @fill.nil? || pending?

        fill = @fill
        @fill = nil
        fill.call(Call.outcome(@handle.number))
      end
    end
    private_constant :AsyncContext

    module_function

    def SspiCreateAsyncContext
      number = Native.call_create
      number.zero? ? nil : AsyncContext.new(number)
    end

    # While pending it is detached: it finishes by itself, and no callback starts.
    def SspiFreeAsyncContext(async)
      async.free unless async.freed
    end

    def SspiReinitAsyncContext(async)
      async.reinit
    end

    # callback.call(async, data); nil: none.
    def SspiSetAsyncNotifyCallback(async, callback, data = nil)
      async.notify(callback, data)
    end

    def SspiAsyncContextRequiresNotify(async)
      !async.freed && !async.callback.nil?
    end

    def SspiGetAsyncCallStatus(async)
      async.status
    end

    def SspiAcquireCredentialsHandleAsync(async, principal, package, use, _luid, identity, _get_key,
                                          _argument, credential, expiry)
      packed = Identity.pack(identity)
      async.submit(lambda do |call, queue, id|
        Native.acquire(call, queue, id, package, principal, use, packed)
      end, lambda do |outcome|
        next if outcome.status.negative?

        credential.value = outcome.credential
        expiry.value = outcome.expiry if expiry
      end)
    end

    def SspiInitializeSecurityContextAsync(async, credential, context, target, flags, _reserved,
                                           _data_rep, input, _reserved2, new_context, output,
                                           attributes, expiry)
      return SEC_E_INVALID_PARAMETER unless context || new_context

      number = context ? context.value : 0
      async.submit(lambda do |call, queue, id|
        Native.initialize_context(call, queue, id, credential.value, number, target, flags,
                                  *inputs(input))
      end, ->(outcome) { fill(outcome, number, new_context, output, attributes, expiry) })
    end

    def SspiAcceptSecurityContextAsync(async, credential, context, input, flags, _data_rep,
                                       new_context, output, attributes, expiry)
      return SEC_E_INVALID_PARAMETER unless context || new_context

      number = context ? context.value : 0
      async.submit(lambda do |call, queue, id|
        Native.accept(call, queue, id, credential.value, number, flags, *inputs(input))
      end, ->(outcome) { fill(outcome, number, new_context, output, attributes, expiry) })
    end

    def SspiFreeCredentialsHandleAsync(async, credential)
      async.submit(lambda do |call, queue, id|
        Native.free_credential(call, queue, id, credential.value)
      end)
    end

    def SspiDeleteSecurityContextAsync(async, context)
      async.submit(lambda do |call, queue, id|
        Native.delete_context(call, queue, id, context.value)
      end)
    end

    def self.inputs(buffers)
      [SECBUFFER_TOKEN, SECBUFFER_CHANNEL_BINDINGS, SECBUFFER_APPLICATION_PROTOCOLS].map do |type|
        buffers&.find { |buffer| buffer.type == type }&.data
      end
    end
    private_class_method :inputs

    def self.fill(outcome, number, new_context, output, attributes, expiry)
      out = output&.find { |buffer| buffer.type == SECBUFFER_TOKEN }
      out.data = outcome.token if out
      output << Buffer.new(SECBUFFER_MISSING, nil, outcome.missing) if output && outcome.missing.positive?
      return if outcome.status.negative?

      new_context.value = outcome.context.zero? ? number : outcome.context if new_context
      attributes.value = outcome.attributes if attributes
      expiry.value = outcome.expiry if expiry
      output << Buffer.new(SECBUFFER_EXTRA, nil, outcome.extra) if output && outcome.extra.positive?
    end
    private_class_method :fill
  end
end
