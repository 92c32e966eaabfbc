-- SPDX-License-Identifier: MIT
-- The eleven functions under their Windows names, for ports. An output is a table whose value is
-- filled when the call completes; a handle is one too. Buffers are { type = ..., data = ... }.
local native = require "sspi_async.native"
local queue = require "sspi_async.queue"
local call = require "sspi_async.call"
local credential = require "sspi_async.credential"

local function status(number)
  return number - (1 << 32)
end

local SEC_E_OK <const> = 0
local SEC_I_ASYNC_CALL_PENDING <const> = 0x00090368
local SEC_E_INVALID_HANDLE <const> = status(0x80090301)
local SEC_E_INVALID_PARAMETER <const> = status(0x8009035D)
local STATUS_DEVICE_BUSY <const> = status(0x80000011)

local TOKEN <const>, MISSING <const>, EXTRA <const> = 2, 4, 5
local CHANNEL_BINDINGS <const>, APPLICATION_PROTOCOLS <const> = 14, 18

local M = {}

local Async = {}
Async.__index = Async
function Async:__gc()
  native.call_free(self.call)
end

local function is_pending(async)
  return native.call_status(async.call) == SEC_I_ASYNC_CALL_PENDING
end

local function collect(async)
  local fill = async.fill
  if fill == nil or is_pending(async) then return end
  async.fill = nil
  fill(call.outcome(async.call))
end

local function submit(async, begin, fill)
  local callback, data, id = async.callback, async.data, nil
  id = queue.expect(function()
    if async.id == id then collect(async) end
    if callback then callback(async, data) end
  end)
  local result = begin(async.call, queue.native(), id)
  if result < 0 then
    queue.forget(id)
  else
    async.id, async.fill = id, fill or function() end
  end
  return result
end

function M.SspiCreateAsyncContext()
  local async = setmetatable({ call = native.call_create(), freed = false }, Async)
  return async.call ~= 0 and async or nil
end

-- While pending it is detached: it finishes by itself, and no callback starts.
function M.SspiFreeAsyncContext(async)
  if async.freed then return end
  collect(async)
  async.freed = true
  native.call_free(async.call)
  if async.id then queue.forget(async.id) end
end

function M.SspiReinitAsyncContext(async)
  if is_pending(async) then return STATUS_DEVICE_BUSY end
  collect(async)
  return native.call_reinit(async.call)
end

-- callback(async, data) runs where completions are told; nil: none.
function M.SspiSetAsyncNotifyCallback(async, callback, data)
  if async.freed then return SEC_E_INVALID_HANDLE end
  if is_pending(async) then return SEC_E_INVALID_PARAMETER end
  async.callback, async.data = callback, data
  return SEC_E_OK
end

function M.SspiAsyncContextRequiresNotify(async)
  return not async.freed and async.callback ~= nil
end

function M.SspiGetAsyncCallStatus(async)
  local result = native.call_status(async.call)
  if result ~= SEC_I_ASYNC_CALL_PENDING then collect(async) end
  return result
end

local function put(place, value)
  if place then place.value = value end
end

function M.SspiAcquireCredentialsHandleAsync(async, principal, package_name, use, _, identity, _, _,
                                             handle, expiry)
  local packed = credential.pack(identity)
  return submit(async, function(number, place, id)
    return native.acquire(number, place, id, package_name, principal, use, packed)
  end, function(outcome)
    if outcome.status < 0 then return end
    put(handle, outcome.credential)
    put(expiry, outcome.expiry)
  end)
end

local function buffer_of(buffers, kind)
  for _, buffer in ipairs(buffers or {}) do
    if buffer.type == kind then return buffer end
  end
end

local function data_of(buffers, kind)
  local buffer = buffer_of(buffers, kind)
  return buffer and buffer.data
end

local function step(async, begin, security_context, new_context, input, output, attributes, expiry)
  if not security_context and not new_context then return SEC_E_INVALID_PARAMETER end
  local handle = security_context and security_context.value or 0
  local token, bindings, protocols = data_of(input, TOKEN), data_of(input, CHANNEL_BINDINGS),
    data_of(input, APPLICATION_PROTOCOLS)
  return submit(async, function(number, place, id)
    return begin(number, place, id, handle, token, bindings, protocols)
  end, function(outcome)
    local out = buffer_of(output, TOKEN)
    if out then out.data = outcome.token end
    if output and outcome.missing > 0 then
      output[#output + 1] = { type = MISSING, size = outcome.missing }
    end
    if outcome.status < 0 then return end
    put(new_context, outcome.context ~= 0 and outcome.context or handle)
    put(attributes, outcome.attributes)
    put(expiry, outcome.expiry)
    if output and outcome.extra > 0 then
      output[#output + 1] = { type = EXTRA, size = outcome.extra }
    end
  end)
end

local function value_of(handle)
  return handle and handle.value or 0
end

function M.SspiInitializeSecurityContextAsync(async, handle, security_context, target, request, _, _,
                                              input, _, new_context, output, attributes, expiry)
  return step(async, function(number, place, id, context, token, bindings, protocols)
    return native.initialize(number, place, id, value_of(handle), context, target, request, token,
      bindings, protocols)
  end, security_context, new_context, input, output, attributes, expiry)
end

function M.SspiAcceptSecurityContextAsync(async, handle, security_context, input, request, _,
                                          new_context, output, attributes, expiry)
  return step(async, function(number, place, id, context, token, bindings, protocols)
    return native.accept(number, place, id, value_of(handle), context, request, token, bindings,
      protocols)
  end, security_context, new_context, input, output, attributes, expiry)
end

function M.SspiFreeCredentialsHandleAsync(async, handle)
  return submit(async, function(number, place, id)
    return native.free_credential(number, place, id, handle.value)
  end)
end

function M.SspiDeleteSecurityContextAsync(async, security_context)
  return submit(async, function(number, place, id)
    return native.delete_context(number, place, id, security_context.value)
  end)
end

return M
