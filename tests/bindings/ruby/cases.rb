# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# The list of tests/bindings/cases for Ruby. Without an argument all that need no process of their
# own; with a NAME, one that does: run.py looks how it ends.
require 'fiddle'
require 'sspi_async'
require 'sspi_async/raw'
require 'sspi_async/gssapi'
require 'timeout'
require_relative 'scheduler'

Raw = SspiAsync::Raw
Native = SspiAsync::Native
Place = Raw::Place
PATIENCE = 60

# What a test asks of the package Scripted.
module Probe
  LIBRARY = Fiddle.dlopen(ENV.fetch('PROBE_C'))
  %w[contexts credentials blocked resident].each do |name|
    function = Fiddle::Function.new(LIBRARY["probe_#{name}"], [], Fiddle::TYPE_INT)
    define_singleton_method(name) { function.call }
  end
  RELEASE = Fiddle::Function.new(LIBRARY['probe_release'], [Fiddle::TYPE_INT], Fiddle::TYPE_VOID)

  def self.release(count)
    RELEASE.call(count)
  end
end

def check(truth, what = 'wrong')
  raise what.to_s unless truth
end

def eventually
  limit = Time.now + PATIENCE
  until yield
    check Time.now < limit, 'never'
    sleep 0.001
  end
end

def fails(code, kind = SspiAsync::Error)
  yield
rescue kind => e
  check e.code == code, e.code
  e
else
  raise 'it did not fail'
end

def scripted(script = 'all: per-leg')
  SspiAsync.acquire('Scripted', SspiAsync::BOTH, principal: script)
end

def client(target, credential)
  SspiAsync.client(target, credential: credential)
end

# A context after its first leg.
def begun(credential)
  client('more', credential).tap(&:step)
end

# So many legs, each with the deletion of its context, 64 at a time.
def deletions(credential, count)
  work = Thread::Queue.new
  count.times { work << true }
  work.close
  64.times.map { Thread.new { begun(credential).delete while work.pop } }.each(&:join)
end

def shake_hands(client, server)
  token = client.step
  until client.complete? && server.complete?
    token = server.step(token)
    token = client.step(token) unless client.complete?
  end
end

def ntlm
  alice = { user: 'alice', domain: 'TEST', password: ENV.fetch('ALICE_PASSWORD') }
  users = { ntlm_user_file: ENV.fetch('NTLM_USER_FILE') }
  client = SspiAsync.client('HTTP/localhost', package: 'NTLM', identity: alice)
  server = SspiAsync.server(package: 'NTLM', identity: users)
  shake_hands(client, server)
  yield client, server
  [client, server].each(&:delete)
end

ALICE_HASH = ['91c81bd7d0872ad66d3f917fea9fb5fb'].pack('H*') # of ALICE_PASSWORD

# A logon of alice, at a server that asks the block for her account.
def verified(&look)
  alice = { user: 'alice', domain: 'TEST', password: ENV.fetch('ALICE_PASSWORD') }
  SspiAsync.acquire('NTLM', SspiAsync::INBOUND, identity: { ntlm_verifier: look }) do |users|
    SspiAsync.client('HTTP/localhost', package: 'NTLM', identity: alice) do |client|
      SspiAsync.server(credential: users) do |server|
        shake_hands(client, server)
        check server.user_name == 'TEST\\alice'
        check server.session_key == client.session_key
      end
    end
  end
end

def block_leg(credential, context)
  leg = Raw.SspiCreateAsyncContext
  status = Raw.SspiInitializeSecurityContextAsync(
    leg, Place.new(credential.handle), Place.new(context.handle), 'block', 0, 0, 0, nil, 0, nil, nil,
    nil, nil
  )
  check status.zero?
  leg
end

# Deletions by fibers of a scheduler, on a thread of its own.
def fibers(credential, fibers, each)
  Thread.new do
    Fiber.set_scheduler(Scheduler.new)
    fibers.times { Fiber.schedule { each.times { begun(credential).delete } } }
  end
end

CASES = {
  acquire: lambda do
    credential = scripted
    check Probe.credentials == 1
    credential.free
    check Probe.credentials.zero?
    problem = fails('SEC_E_LOGON_DENIED') { scripted('acquire: status=SEC_E_LOGON_DENIED say=no') }
    check problem.message.end_with?('no')
    check(SspiAsync.acquire('Scripted') { |inner| inner.handle.positive? })
  end,

  ntlm_handshake: -> { ntlm { |_, server| check server.user_name == 'TEST\alice' } },

  ntlm_verifier: lambda do
    verified do |user, domain|
      check [user, domain] == %w[alice TEST]
      ENV.fetch('ALICE_PASSWORD')
    end
    verified { SspiAsync::NtHash.new(ALICE_HASH) }
    fails('SEC_E_LOGON_DENIED') { verified { nil } }
    fails('SEC_E_LOGON_DENIED') { verified { 'another' } }
    errors = Thread::Queue.new
    SspiAsync.on_error { |error| errors << error }
    [-> { raise 'no database' }, -> { 3 }].each do |bad|
      fails('SEC_E_NO_AUTHENTICATING_AUTHORITY') { verified { bad.call } }
      check errors.pop.is_a?(StandardError)
    end
    SspiAsync.on_error
  end,

  tls_handshake: lambda do
    certificate = ENV.fetch('TLS_CERTIFICATE')
    client = SspiAsync.client('localhost', package: 'Schannel', identity: { roots: certificate },
                                           application_protocols: %w[h2 http/1.1])
    server = SspiAsync.server(package: 'Schannel', identity: { certificate: certificate },
                              application_protocols: ['http/1.1'])
    shake_hands(client, server)
    check client.application_protocol == 'http/1.1'
    check client.channel_bindings == server.channel_bindings
    sealed = client.encrypt('hello')
    check server.decrypt(sealed[0, 7]).empty?
    check server.decrypt(sealed[7..]) == 'hello'
    SspiAsync.delete_many([client, server])
  end,

  kerberos_handshake: lambda do
    client = SspiAsync.client('HTTP@localhost', package: 'Kerberos')
    SspiAsync.server(package: 'Kerberos') do |server|
      shake_hands(client, server)
      check server.user_name == "alice@#{ENV.fetch('REALM')}"
      check client.expiry > Time.now
    end
    client.delete
  end,

  seal_and_unseal: lambda do
    ntlm do |client, server|
      message = "h\x00\xFFi".b
      sealed = client.encrypt(message)
      check !sealed.include?(message)
      check server.decrypt(sealed) == message
      sealed.setbyte(-1, sealed.getbyte(-1) ^ 1)
      begin
        server.decrypt(sealed)
        raise 'it was opened'
      rescue SspiAsync::Error => e
        check %w[SEC_E_MESSAGE_ALTERED SEC_E_OUT_OF_SEQUENCE].include?(e.code), e.code
      end
      server.verify(message, client.sign(message))
    end
  end,

  delete_pending_then_ok: lambda do
    credential = scripted
    context = begun(credential)
    leg = block_leg(credential, context)
    deletion = Raw.SspiCreateAsyncContext
    heard = Thread::Queue.new
    Raw.SspiSetAsyncNotifyCallback(deletion, ->(_, data) { heard << data }, :data)
    check Raw.SspiDeleteSecurityContextAsync(deletion, Place.new(context.handle)).zero?
    check Raw.SspiGetAsyncCallStatus(deletion) == SspiAsync::SEC_I_ASYNC_CALL_PENDING
    Probe.release(1)
    check heard.pop == :data
    check Raw.SspiGetAsyncCallStatus(deletion).zero?
    [leg, deletion].each { |async| Raw.SspiFreeAsyncContext(async) }
    context.close
    credential.free
  end,

  # One fiber waits for it, and the other ones of the scheduler go on.
  delete_heard_on_the_loop: lambda do
    credential = scripted
    context = begun(credential)
    leg = block_leg(credential, context)
    order = []
    Thread.new do
      Fiber.set_scheduler(Scheduler.new)
      Fiber.schedule do
        context.delete
        order << :deleted
      end
      Fiber.schedule do
        eventually { Probe.blocked == 1 }
        order << :another
        Probe.release(1)
      end
    end.join
    check order == %i[another deleted], order
    Raw.SspiFreeAsyncContext(leg)
    credential.free
  end,

  fire_and_forget: lambda do
    credential = scripted
    contexts = Array.new(100) { begun(credential) }
    check Probe.contexts == 100
    contexts.each(&:close)
    2.times { credential.close }
  end,

  double_delete: lambda do
    credential = scripted
    context = begun(credential)
    context.delete
    fails('SEC_E_INVALID_HANDLE') { context.delete }
    fails('SEC_E_INVALID_HANDLE') { context.step }
    credential.free
  end,

  exception_in_callback: lambda do
    credential = scripted
    first = begun(credential)
    second = begun(credential)
    caught = Thread::Queue.new
    SspiAsync.on_error { |problem| caught << problem }
    deletion = Raw.SspiCreateAsyncContext
    Raw.SspiSetAsyncNotifyCallback(deletion, ->(_, _) { raise 'boom' })
    Raw.SspiDeleteSecurityContextAsync(deletion, Place.new(first.handle))
    second.delete
    check caught.pop.message == 'boom'
    SspiAsync.on_error
    Raw.SspiFreeAsyncContext(deletion)
    first.close
    credential.free
  end,

  ten_thousand_deletions: lambda do
    credential = scripted
    deletions(credential, 10_000)
    check Probe.contexts.zero?
    credential.free
  end,

  late_numbers: lambda do
    idle = Native.call_status(Native.call_create)
    600_000.times do
      call = Native.call_create
      check call.positive? && call < 1 << 53 && Native.call_status(call) == idle, call
      Native.call_free(call)
    end
  end,

  text_with_nul: lambda do
    fails('SEC_E_INVALID_PARAMETER') { scripted("all: name=ab\0evil") }
    fails('SEC_E_INVALID_PARAMETER') { SspiAsync.acquire("Scripted\0") }
    begin
      SspiAsync.acquire('NTLM', identity: { user: 'alice', password: "x\0user\0bob" })
      raise 'it was taken'
    rescue ArgumentError => e
      check e.message.include?('NUL')
    end
    credential = scripted
    fails('SEC_E_INVALID_PARAMETER') { client("more\0evil", credential).step }
    credential.free
  end,

  text_beyond_bmp: lambda do
    name = "\u{1f511}\u00e9"
    credential = scripted("all: per-leg name=#{name}")
    context = begun(credential)
    check context.user_name == name
    context.delete
    credential.free
    # Text is text in whatever encoding it comes.
    credential = scripted("all: per-leg name=\u00e9".encode(Encoding::ISO_8859_1))
    context = begun(credential)
    check context.user_name == "\u00e9"
    context.delete
    credential.free
  end,

  deadline_ends_a_blocked_leg: lambda do
    credential = scripted
    fails('SEC_E_SECURITY_QOS_FAILED', SspiAsync::TimeoutError) do
      client('block', credential).step(timeout: 0.02)
    end
    SspiAsync.default_timeout = 0.02
    fails('SEC_E_SECURITY_QOS_FAILED') { client('block', credential).step }
    SspiAsync.default_timeout = nil
    Probe.release(Probe.blocked)
    credential.free
  end,

  # By Ruby's own means: an exception in whoever waits.
  cancel: lambda do
    credential = scripted
    leg = Thread.new { client('block', credential).step }
    eventually { Probe.blocked == 1 }
    leg.kill.join
    begin
      Timeout.timeout(0.02) { client('block', credential).step }
      raise 'no timeout'
    rescue Timeout::Error
      Probe.release(Probe.blocked)
    end
    credential.free
  end,

  collector_with_calls_pending: lambda do
    credential = scripted
    20.times do
      Thread.new { client('block', credential).step }
      begun(credential)
    end
    eventually { Probe.blocked == 20 }
    GC.start
    Probe.release(20)
    credential.close
  end,

  # Threads with fibers of their own.
  two_loops: lambda do
    credential = scripted
    2.times.map { fibers(credential, 4, 50) }.each(&:join)
    check Probe.contexts.zero?
    credential.free
  end,

  # As a program of the gem gssapi does it.
  neighbours_interface: lambda do
    simple = SspiAsync::GSSAPI::Simple
    cli = simple.new('localhost', 'HTTP')
    srv = simple.new('localhost', 'HTTP', ENV.fetch('KEYTAB'))
    srv.acquire_credentials
    token = srv.accept_context(cli.init_context)
    check cli.init_context(token) == true
    check srv.display_name == "alice@#{ENV.fetch('REALM')}"
    [true, false].each do |encrypt|
      check srv.unwrap_message(cli.wrap_message('hello', encrypt), encrypt) == 'hello'
    end
    begin
      srv.accept_context('garbage')
      raise 'it was taken'
    rescue SspiAsync::GSSAPI::GssApiError
      [cli, srv].each { |side| side.context.delete }
    end
  end,

  # The child is told of its own calls, on a thread of its own.
  fork: lambda do
    credential = scripted
    begun(credential).delete
    reader, writer = IO.pipe
    child = fork do
      begun(credential).delete
      writer.write('deleted')
      exit!(0)
    end
    writer.close
    check reader.read == 'deleted'
    Process.wait(child)
    begun(credential).delete
    credential.free
  end
}.freeze

def hundred_blocked
  credential = scripted
  100.times { Thread.new { client('block', credential).step } }
  eventually { Probe.blocked.positive? }
end

PROGRAMS = {
  'exit_with_calls_pending' => lambda do
    hundred_blocked
    exit 3
  end,
  # The end of the program, with another exit code.
  'natural_end_with_calls_pending' => lambda do
    hundred_blocked
    at_exit { exit 3 }
  end,
  'killed_by_sigterm_while_waiting' => lambda do
    hundred_blocked
    $stdout.write("waiting\n")
    $stdout.flush
    client('block', scripted).step
  end,
  # So many calls in 20 lots; what the process has after each.
  'memory_stays_flat' => lambda do
    credential = scripted
    20.times do
      deletions(credential, Integer(ARGV[1]) / 40)
      GC.start
      puts Probe.resident
    end
    credential.free
  end
}.freeze

def all
  CASES.each do |name, body|
    body.call
    eventually do
      GC.start
      Probe.contexts.zero? && Probe.credentials.zero?
    end
    puts "PASS #{name}"
  rescue StandardError => e
    puts "FAIL #{name}: #{e.full_message(highlight: false).gsub("\n", ' | ')}"
  ensure
    $stdout.flush
  end
end

ARGV.empty? ? all : PROGRAMS.fetch(ARGV.first).call
