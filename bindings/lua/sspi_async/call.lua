-- SPDX-License-Identifier: MIT
-- One operation of the library: submitted, waited for, its outcome taken.
local native = require "sspi_async.native"
local queue = require "sspi_async.queue"
local failure = require "sspi_async.failure"

local LONGEST_MS <const> = 0xFFFFFFFE
local OUT_OF_MEMORY <const> = 0x80090300 - (1 << 32)

local M = {}

function M.outcome(call)
  local _, status, attributes, credential, context, expiry, extra, missing, token =
    native.call_take(call)
  return {
    status = status, attributes = attributes, credential = credential, context = context,
    expiry = expiry, extra = extra, missing = missing, token = token,
  }
end

-- Milliseconds; math.huge: none, also where the process has a default.
local function arm(call, timeout)
  if timeout == nil then return 0 end
  if type(timeout) ~= "number" or not (timeout >= 0) then
    error("timeout is milliseconds, or math.huge", 0)
  end
  if timeout == math.huge then return native.call_set_deadline(call, 0) end
  local whole = math.tointeger(math.ceil(math.min(timeout, LONGEST_MS)))
  return native.call_set_deadline(call, math.max(whole, 1))
end

local Call = {}
Call.__index = Call

local function let_go(self)
  native.call_free(self.native)
  self.native = 0
end

-- Ends it; its wait raises a SspiError.
function Call:cancel()
  native.call_cancel(self.native)
end

-- What finish made of the outcome, when it is there; raises a SspiError.
function Call:wait()
  self.resume = queue.resumer()
  queue.wait(function() return self.done end)
  if self.failure then error(self.failure, 0) end
  return self.value
end

local function settle(self, finish)
  local outcome = M.outcome(self.native)
  if outcome.status < 0 then
    local _, message = native.call_message(self.native)
    self.failure = failure.new(outcome.status, message, outcome)
  else
    self.value = finish(outcome) -- whether somebody waits or not: it owns what came
  end
  let_go(self)
  self.done = true
end

-- begin(call, queue, id) submits; finish(outcome) makes the value of a success.
function M.start(begin, options, finish)
  local number = native.call_create()
  if number == 0 then error(failure.new(OUT_OF_MEMORY), 0) end
  local self = setmetatable({ native = number, done = false }, Call)
  local good, status = pcall(arm, number, options and options.timeout)
  if not good or status < 0 then
    let_go(self)
    if not good then error(status, 0) end
    failure.raise(status)
  end
  local id = queue.expect(function()
    settle(self, finish)
    if self.resume then self.resume() end
  end)
  good, status = pcall(begin, number, queue.native(), id)
  if not good or status < 0 then
    queue.forget(id)
    let_go(self)
    if not good then error(status, 0) end
    failure.raise(status)
  end
  return self
end

function M.run(begin, options, finish)
  return M.start(begin, options, finish):wait()
end

-- For what has no value.
function M.nothing() end

return M
