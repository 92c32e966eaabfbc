# SPDX-License-Identifier: MIT
# frozen_string_literal: true

# A Fiber scheduler, as small as it may be: what Ruby asks of one to sleep, and to wait for a
# Thread::Queue that another thread fills.
class Scheduler
  def initialize
    @sleepers = {}
    @blocked = {} # nobody else keeps them from the collector
    @ready = Thread::Queue.new
    @reader, @writer = IO.pipe
  end

  def fiber(&body)
    made = Fiber.new(blocking: false, &body)
    made.resume
    made
  end

  # The thread of the scheduler is at its end: runs the fibers until none is left.
  def close
    until @sleepers.empty? && @blocked.empty?
      now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      next_one = @sleepers.values.min
      IO.select([@reader], nil, nil, next_one && [next_one - now, 0].max)
      run_those_that_may
    end
    [@reader, @writer].each(&:close)
  end

  def block(_blocker, timeout = nil)
    return kernel_sleep(timeout) if timeout

    @blocked[Fiber.current] = true
    Fiber.yield
    @blocked.delete(Fiber.current)
  end

  # Comes from any thread.
  def unblock(_blocker, fiber)
    @ready << fiber
    @writer.write_nonblock('.', exception: false)
  end

  def kernel_sleep(seconds = 0)
    @sleepers[Fiber.current] = Process.clock_gettime(Process::CLOCK_MONOTONIC) + seconds
    Fiber.yield
  end

  def io_wait(io, events, timeout)
    raise NotImplementedError, "waits for no descriptor: #{io}, #{events}, #{timeout}"
  end

  private

  def run_those_that_may
    @reader.read_nonblock(4096, exception: false)
    ready = Array.new(@ready.size) { @ready.pop }
    now = Process.clock_gettime(Process::CLOCK_MONOTONIC)
    due = @sleepers.select { |_, at| at <= now }.keys
    due.each { |fiber| @sleepers.delete(fiber) }
    (ready + due).each(&:resume)
  end
end
