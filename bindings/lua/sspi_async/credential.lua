-- SPDX-License-Identifier: MIT
local native = require "sspi_async.native"
local call = require "sspi_async.call"
local failure = require "sspi_async.failure"

local MANUAL_CRED_VALIDATION <const> = 0x8
local NAMES <const> = {
  user = true, domain = true, password = true, packages = true, ccache = true, keytab = true,
  client_keytab = true, replay_cache = true, armor_cache = true, ntlm_user_file = true,
  ntlm_helper = true, impersonate = true, certificate = true, key = true, key_password = true, roots = true,
}

local M = {}

M.INBOUND, M.OUTBOUND, M.BOTH = 1, 2, 3

local function pair(name, value)
  if type(value) ~= "string" then error("identity." .. name .. " is a string", 0) end
  if value:find("\0", 1, true) then error("identity." .. name .. " has a NUL in it", 0) end
  return name .. "\0" .. value .. "\0"
end

-- The pairs of sspia_hub_acquire, or nil for none.
function M.pack(identity)
  local pairs_of = {}
  for name, value in pairs(identity or {}) do
    if name == "constrained_delegation" then
      if value then pairs_of[#pairs_of + 1] = pair("delegation", "1") end
    elseif name == "verify" then
      pairs_of[#pairs_of + 1] = pair("tls_flags", value and "0" or tostring(MANUAL_CRED_VALIDATION))
    elseif NAMES[name] then
      pairs_of[#pairs_of + 1] = pair(name, value)
    else
      error("identity." .. tostring(name) .. " is not known", 0)
    end
  end
  return #pairs_of > 0 and table.concat(pairs_of) or nil
end

local Credential = {}
Credential.__index = Credential

-- Until when, as os.time counts; nil: for ever, or not known.
local function adopt(handle, package_name, expiry)
  return setmetatable({
    handle = handle, package = package_name, expiry = expiry >= 0 and expiry or nil,
  }, Credential)
end
M.adopt = adopt

-- options: principal, identity, timeout.
function M.acquire(package_name, use, options)
  options = options or {}
  local identity = M.pack(options.identity)
  return call.run(function(number, queue, id)
    return native.acquire(number, queue, id, package_name, options.principal, use or M.OUTBOUND,
      identity)
  end, options, function(outcome)
    return adopt(outcome.credential, package_name, outcome.expiry)
  end)
end

function Credential:name()
  return failure.check(native.credential_name(self.handle))
end

-- Frees it; contexts that were made with it go on.
function Credential:free(options)
  local handle = self.handle
  self.handle = 0
  call.run(function(number, queue, id)
    return native.free_credential(number, queue, id, handle)
  end, options, call.nothing)
end

-- The same with nobody to hear of it.
function Credential:free_nowait()
  if self.handle ~= 0 then native.free_credential(0, 0, 0, self.handle) end
  self.handle = 0
end
Credential.__gc = Credential.free_nowait
Credential.__close = Credential.free_nowait

return M
