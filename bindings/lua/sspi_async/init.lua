-- SPDX-License-Identifier: MIT
-- Asynchronous SSPI for Lua. docs/bindings-lua.md has the tour.
local native = require "sspi_async.native"
local queue = require "sspi_async.queue"
local failure = require "sspi_async.failure"
local credential = require "sspi_async.credential"
local context = require "sspi_async.context"

local M = {
  client = context.client,
  server = context.server,
  import = context.import,
  delete_many = context.delete_many,
  acquire = credential.acquire,
  INBOUND = credential.INBOUND,
  OUTBOUND = credential.OUTBOUND,
  BOTH = credential.BOTH,
  spawn = queue.spawn,
  run = queue.run,
  poll = queue.poll,
  dispatch = queue.dispatch,
  fd = queue.fd,
  pending = queue.pending,
  is_error = failure.is,
  version = native.version(),
}

-- What is told of errors that nobody waits for.
function M.set_on_error(handler)
  queue.on_error = handler
end

-- The names of the packages that can be loaded here.
function M.packages()
  local names = {}
  for name in failure.check(native.packages()):gmatch("[^\0]+") do names[#names + 1] = name end
  return names
end

-- A module file (with "/"), or the module of that name.
function M.add_package(name)
  failure.check(native.package_add(name))
end

-- Has this process do without a package; to be called before the first credential.
function M.turn_off(name)
  failure.check(native.package_turn_off(name))
end

-- So many milliseconds for each acquire and leg that says nothing else; math.huge: no limit.
function M.set_default_timeout(milliseconds)
  native.set_default_deadline(milliseconds == math.huge and 0 or math.tointeger(math.ceil(milliseconds)))
end

return M
