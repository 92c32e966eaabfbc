# SPDX-License-Identifier: MIT
# frozen_string_literal: true

require 'sspi_async/native'
require 'sspi_async/error'
require 'sspi_async/queue'
require 'sspi_async/call'
require 'sspi_async/constants'
require 'sspi_async/verifier'
require 'sspi_async/credential'
require 'sspi_async/context'

# Asynchronous SSPI for Ruby. docs/bindings-ruby.md has the tour.
module SspiAsync
  module_function

  # The initiator of a handshake with target, 'HTTP@www.example.org'. With a block, the context is
  # closed when it is left, and its value returned. Options as in Context#initialize.
  def client(target, **options, &block)
    Context.open(target: target, **options, &block)
  end

  # An acceptor, likewise.
  def server(**options, &block)
    Context.open(acceptor: true, **options, &block)
  end

  # A credential for several contexts. use: INBOUND, OUTBOUND or BOTH. timeout: seconds.
  def acquire(package, use = OUTBOUND, principal: nil, identity: nil, timeout: nil, &block)
    Credential.acquire(package, use, principal: principal, identity: identity, timeout: timeout,
                       &block)
  end

  # Deletes many contexts by one call.
  def delete_many(contexts, timeout: nil)
    Context.delete_many(contexts, timeout: timeout)
  end

  # A context of what Context#export gave, in another process too.
  def import(package, packed)
    Context.import(package, packed)
  end

  # The names of the packages that can be loaded here.
  def packages
    Error.check(Native.packages).split("\0")
  end

  # A module file (with '/'), or the module of that name.
  def add_package(name)
    Error.check(Native.package_add(name))
  end

  # Has this process do without a package; to be called before the first credential.
  def turn_off(name)
    Error.check(Native.package_turn_off(name))
  end

  # Seconds for each acquire and leg that says nothing else; nil or Float::INFINITY: no limit.
  def default_timeout=(seconds)
    Native.set_default_deadline(seconds.nil? ? 0 : Call.milliseconds(seconds))
  end

  # What is told of exceptions that nobody waits for: those of callbacks.
  def on_error(&handler)
    Queue.on_error = handler
  end

  # The version of the library that runs.
  def version
    Native.version
  end

  singleton_class.send(:public, :default_timeout=)
end
