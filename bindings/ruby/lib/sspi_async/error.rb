# SPDX-License-Identifier: MIT
# frozen_string_literal: true

module SspiAsync
  # A call failed: code is the name of its status, message says why.
  class Error < StandardError
    attr_reader :status, :code
    # What the peer is to be told, if the package has something for it.
    attr_reader :token
    # With SEC_E_INCOMPLETE_MESSAGE: how many bytes are to come; 0 if unknown.
    attr_reader :missing

    def initialize(status, message = nil, outcome = nil)
      @status = status
      @code = Native.status_name(status)
      @token = outcome&.token
      @missing = outcome ? outcome.missing : 0
      super(message.nil? || message.empty? ? "#{@code}: #{Native.status_text(status)}" : message)
    end

    def self.for(status, message = nil, outcome = nil)
      (status == SEC_E_SECURITY_QOS_FAILED ? TimeoutError : Error).new(status, message, outcome)
    end

    # The outputs of a function behind its status, or its failure.
    def self.check(result)
      status, *outputs = result
      raise self.for(status, Native.last_message[1]) if status.negative?

      outputs.size > 1 ? outputs : outputs.first
    end
  end

  # A call was pending at its deadline.
  class TimeoutError < Error
  end

  def self.status(number)
    number - (1 << 32)
  end
  private_class_method :status

  SEC_E_OK = 0
  SEC_I_ASYNC_CALL_PENDING = 0x00090368
  SEC_I_CONTEXT_EXPIRED = 0x00090317
  SEC_E_INSUFFICIENT_MEMORY = status(0x80090300)
  SEC_E_INVALID_HANDLE = status(0x80090301)
  SEC_E_CONTEXT_EXPIRED = status(0x80090317)
  SEC_E_INCOMPLETE_MESSAGE = status(0x80090318)
  SEC_E_DECRYPT_FAILURE = status(0x80090330)
  SEC_E_SECURITY_QOS_FAILED = status(0x80090332)
  SEC_E_INVALID_PARAMETER = status(0x8009035D)
  STATUS_DEVICE_BUSY = status(0x80000011)
end
