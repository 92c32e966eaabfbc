-- SPDX-License-Identifier: MIT
local native = require "sspi_async.native"
local call = require "sspi_async.call"
local credentials = require "sspi_async.credential"
local failure = require "sspi_async.failure"

local function status(number)
  return number - (1 << 32)
end

local SEC_E_OK <const> = 0
local SEC_E_INVALID_HANDLE <const> = status(0x80090301)
local SEC_E_CONTEXT_EXPIRED <const> = status(0x80090317)
local SEC_E_INCOMPLETE_MESSAGE <const> = status(0x80090318)
local SEC_E_DECRYPT_FAILURE <const> = status(0x80090330)
local SEC_I_CONTEXT_EXPIRED <const> = 0x00090317
local WRAP_NO_ENCRYPT <const> = 0x80000001

-- Mutual (initiator), replay, sequence, confidentiality, integrity.
local DEFAULT_CLIENT <const> = 0x2 | 0x4 | 0x8 | 0x10 | 0x10000
local DEFAULT_SERVER <const> = 0x4 | 0x8 | 0x10 | 0x20000

local STREAM_SIZES <const> = 4
local TEXTS <const> = { user_name = { 1, 0 }, target = { 27, 0 }, package_name = { 10, 0 } }
local BYTES <const> = { session_key = 9, application_protocol = 35, remote_certificate = 0x53 }
local BINDINGS <const> = { unique = 25, endpoint = 26, exporter = 0x53500001 }

local M = {}

local Context = {}

-- context.user_name and its like ask the package.
function Context:__index(name)
  if TEXTS[name] then return failure.check(native.query_text(self.handle, table.unpack(TEXTS[name]))) end
  if BYTES[name] then return failure.check(native.query_bytes(self.handle, BYTES[name])) end
  return Context[name]
end

local function create(acceptor, options)
  options = options or {}
  return setmetatable({
    acceptor = acceptor, options = options, credential = options.credential, owns = false,
    handle = 0, dead = false, complete = false, rest = "", attributes = 0, extra = "",
  }, Context)
end

-- The initiator of a handshake with target, "HTTP@www.example.org".
function M.client(target, options)
  local self = create(false, options)
  self.to = target
  return self
end

function M.server(options)
  return create(true, options)
end

local function limits(self, options)
  return { timeout = options and options.timeout or self.options.timeout }
end

local function package_of(options)
  return options.package or options.credential and options.credential.package or "Negotiate"
end

local function acquire(self, limit)
  if self.credential then return end
  self.credential = credentials.acquire(package_of(self.options),
    self.acceptor and credentials.INBOUND or credentials.OUTBOUND,
    { principal = self.options.principal, identity = self.options.identity, timeout = limit.timeout })
  self.owns = true
end

-- ALPN: each name behind its length.
local function pack_protocols(names)
  local packed = {}
  for _, name in ipairs(names or {}) do packed[#packed + 1] = string.pack("s1", name) end
  return #packed > 0 and table.concat(packed) or nil
end

local function begin(self, number, queue, id, token)
  local options, first = self.options, self.handle == 0
  local bindings = first and options.channel_bindings or nil
  local protocols = first and pack_protocols(options.application_protocols) or nil
  if self.acceptor then
    return native.accept(number, queue, id, self.credential.handle, self.handle,
      options.flags or DEFAULT_SERVER, token, bindings, protocols)
  end
  return native.initialize(number, queue, id, self.credential.handle, self.handle, self.to,
    options.flags or DEFAULT_CLIENT, token, bindings, protocols)
end

local function note(self, outcome, token)
  if outcome.context ~= 0 then self.handle = outcome.context end
  self.attributes = outcome.attributes
  self.expiry = outcome.expiry >= 0 and outcome.expiry or nil
  self.extra = token and outcome.extra > 0 and token:sub(-outcome.extra) or ""
  self.complete = outcome.status == SEC_E_OK
  if self.dead then self:delete_nowait() end -- meanwhile
end

-- Begins a leg: a call to wait() for, which gives the token for the peer, or to cancel().
function Context:begin_step(token, options)
  if self.dead then error(failure.new(SEC_E_INVALID_HANDLE, "the context was deleted"), 0) end
  local limit = limits(self, options)
  acquire(self, limit)
  return call.start(function(number, queue, id)
    return begin(self, number, queue, id, token)
  end, limit, function(outcome)
    note(self, outcome, token)
    return outcome.token or ""
  end)
end

-- One leg: the peer's token (nil at first), and what to send ("" for nothing). options.timeout:
-- milliseconds.
function Context:step(token, options)
  return self:begin_step(token, options):wait()
end

-- Seals a message. Waits, like all below, while a leg runs on this context.
function Context:encrypt(data, sign_only)
  return failure.check(native.encrypt(self.handle, sign_only and WRAP_NO_ENCRYPT or 0, data))
end

function Context:is_stream()
  return (native.query_number(self.handle, STREAM_SIZES, 0)) == SEC_E_OK
end

-- Opens what encrypt made on the other side. TLS: data is what the connection brought; what is no
-- whole record is kept for the next time.
function Context:decrypt(data, accept_signed)
  local whole = self.rest .. data
  local result, plain, qop, used = native.decrypt(self.handle, whole)
  if result == SEC_E_INCOMPLETE_MESSAGE and self:is_stream() then
    self.rest = whole
    return ""
  end
  failure.check(result)
  if result == SEC_I_CONTEXT_EXPIRED and (plain or "") == "" then
    error(failure.new(SEC_E_CONTEXT_EXPIRED, "the peer has closed the connection"), 0)
  end
  self.rest = whole:sub(used + 1)
  if qop == WRAP_NO_ENCRYPT and not accept_signed then
    error(failure.new(SEC_E_DECRYPT_FAILURE, "the message is signed only, not encrypted"), 0)
  end
  return plain or ""
end

function Context:sign(data)
  return failure.check(native.sign(self.handle, data))
end

-- Raises if signature is not of data.
function Context:verify(data, signature)
  failure.check(native.verify(self.handle, data, signature))
end

-- Channel bindings for a context inside this TLS connection: "unique", "endpoint", "exporter".
function Context:channel_bindings(kind)
  return failure.check(native.query_bytes(self.handle, BINDINGS[kind or "endpoint"]))
end

-- A new credential of what the client delegated.
function Context:delegated_credential()
  local handle, expiry = failure.check(native.delegated_credential(self.handle))
  return credentials.adopt(handle, package_of(self.options), expiry)
end

function Context:export()
  return failure.check(native.export_context(self.handle, 0))
end

function M.import(package_name, packed)
  local self = create(false, { package = package_name })
  self.handle = failure.check(native.import_context(package_name, packed))
  self.complete = true
  return self
end

local function finish(self)
  local handle = self.handle
  self.handle, self.dead = 0, true
  if self.owns then self.credential:free_nowait() end
  self.owns = false
  return handle
end

-- Begins to delete it: a call to wait() for. Calls on it that were made before finish first.
function Context:begin_delete(options)
  local handle = finish(self)
  return call.start(function(number, queue, id)
    return native.delete_context(number, queue, id, handle)
  end, options, call.nothing)
end

function Context:delete(options)
  if self.handle == 0 and not self.dead then
    finish(self)
    return
  end
  self:begin_delete(options):wait()
end

-- The same with nobody to hear of it.
function Context:delete_nowait()
  local handle = finish(self)
  if handle ~= 0 then native.delete_context(0, 0, 0, handle) end
end
Context.__gc = Context.delete_nowait
Context.__close = Context.delete_nowait

-- Deletes many by one call.
function M.delete_many(contexts, options)
  local packed = {}
  for _, context in ipairs(contexts) do
    local handle = finish(context)
    if handle ~= 0 then packed[#packed + 1] = string.pack("=I8", handle) end
  end
  call.run(function(number, queue, id)
    return native.delete_contexts(number, queue, id, table.concat(packed))
  end, options, call.nothing)
end

return M
