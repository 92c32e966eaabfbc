# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# Ruby's side of bench/languages.py: fibers of a scheduler, and threads around a function that blocks
# (Fiddle lets others run meanwhile).
require 'fiddle'
require 'sspi_async'
require_relative '../../../tests/bindings/ruby/scheduler'

IN_FLIGHT = 64
DEADLINE = 5
LOOK = 4 # threads without work have left by then

# What is asked of the process, and a logon that blocks.
module Probe
  LIBRARY = Fiddle.dlopen(ENV.fetch('PROBE_C'))
  %w[threads library_threads inside].each do |name|
    function = Fiddle::Function.new(LIBRARY["probe_#{name}"], [], Fiddle::TYPE_INT)
    define_singleton_method(name) { function.call }
  end
  LOG_ON = Fiddle::Function.new(LIBRARY['probe_log_on'], [Fiddle::TYPE_VOIDP] * 2, Fiddle::TYPE_INT)
end

AT_REST = Probe.threads

def threads
  Probe.threads - AT_REST
end

# Runs body so often, by fibers.
def in_fibers(fibers, &body)
  Thread.new do
    Thread.current.report_on_exception = true
    Fiber.set_scheduler(Scheduler.new)
    fibers.times { |number| Fiber.schedule { body.call(number) } }
  end
end

# What the library does.
module Ours
  module_function

  def calls(count, script)
    credential = SspiAsync.acquire('Scripted', SspiAsync::OUTBOUND, principal: script)
    left = count
    in_fibers(IN_FLIGHT) do
      while (left -= 1) >= 0
        context = SspiAsync.client('', credential: credential)
        context.step
        context.delete
      end
    end.join
    credential.free
  end

  def log_on(credential, number)
    SspiAsync.client("HTTP@host#{number}.localhost", credential: credential).step(timeout: DEADLINE)
  rescue SspiAsync::Error => e
    raise unless e.code == 'SEC_E_SECURITY_QOS_FAILED'
  end

  def silent(count)
    credential = SspiAsync.acquire('Kerberos', SspiAsync::OUTBOUND)
    ended = 0
    logons = in_fibers(count) do |number|
      log_on(credential, number)
      ended += 1
    end
    sleep LOOK
    seen = [count - ended, threads, Probe.library_threads]
    logons.join
    credential.free
    seen
  end
end

# What programs do otherwise.
module Theirs
  module_function

  def calls(count, target)
    work = Thread::Queue.new
    count.times { work << true }
    work.close
    IN_FLIGHT.times.map do
      Thread.new { Probe::LOG_ON.call('Scripted', target).zero? || raise(target) while work.pop }
    end.each(&:join)
  end

  def silent(count)
    count.times { |number| Thread.new { Probe::LOG_ON.call('Kerberos', "HTTP@host#{number}.localhost") } }
    sleep 0.001 until Probe.inside == count
    [Probe.inside, threads]
  end
end

side = ARGV.first == 'ours' ? Ours : Theirs
$stdin.each_line do |line|
  what, *words = line.split
  if what == 'calls'
    side.calls(Integer(words[0]), words.drop(1).join(' '))
    puts threads
  else
    puts side.silent(Integer(words[0])).join(' ')
  end
  $stdout.flush
end
