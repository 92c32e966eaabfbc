-- SPDX-License-Identifier: MIT
-- What functions raise: a table with status, code (its name), message, and of a leg the token that
-- is for the peer.
local native = require "sspi_async.native"

local M = {}

local Failure = {}
Failure.__index = Failure
Failure.__name = "SspiError"
function Failure:__tostring()
  return self.message
end

function M.new(status, message, outcome)
  local name = native.status_name(status)
  if message == nil or message == "" then
    message = name .. ": " .. native.status_text(status)
  end
  return setmetatable({
    status = status,
    code = name,
    message = message,
    token = outcome and outcome.token,
    missing = outcome and outcome.missing or 0,
  }, Failure)
end

-- Of a function that has just failed.
function M.raise(status)
  local _, message = native.last_message()
  error(M.new(status, message), 0)
end

-- The outputs behind a status, or its failure.
function M.check(status, ...)
  if status < 0 then M.raise(status) end
  return ...
end

function M.is(value)
  return getmetatable(value) == Failure
end

return M
