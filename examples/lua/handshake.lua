-- SPDX-License-Identifier: MIT
-- Both sides of a handshake in one program: what each of our languages does in its own way.
--
--     lua handshake.lua Kerberos
--     lua handshake.lua NTLM alice TEST PASSWORD USER_FILE
--
-- Kerberos uses the tickets and the keytab of whoever runs it, for HTTP@localhost. USER_FILE has
-- lines DOMAIN:user:password. The other examples called handshake print the same.
local sspi = require "sspi_async"

-- Lets each side's token go to the other one; how many legs that took.
local function shake_hands(client, server)
  local token, legs = client:step(), 1
  while not (client.complete and server.complete) do
    local side = legs % 2 == 0 and client or server
    token = side:step(token)
    legs = legs + 1
  end
  return legs
end

local package_name, user, domain, password, users = table.unpack(arg)
local ours = user and { user = user, domain = domain, password = password }
local theirs = users and { ntlm_user_file = users }
local client = sspi.client("HTTP@localhost", { package = package_name, identity = ours, timeout = 10000 })
local server = sspi.server({ package = package_name, identity = theirs, timeout = 10000 })

local legs = shake_hands(client, server)
print(package_name .. ": " .. legs .. " legs")
print("the server knows " .. server.user_name)
print("sealed and opened: " .. server:decrypt(client:encrypt("hello")))
local tasks = {}
for i, side in ipairs { client, server } do
  tasks[i] = sspi.spawn(side.delete, side)
end
for _, task in ipairs(tasks) do task:wait() end
print "deleted"
