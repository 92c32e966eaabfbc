-- SPDX-License-Identifier: MIT
-- The list of tests/bindings/cases for Lua. `cases.lua` runs all that need no process of their own,
-- `cases.lua NAME` begins one that does: run.py looks how it ends.
local sspi = require "sspi_async"
local raw = require "sspi_async.raw"
local native = require "sspi_async.native"
local probe = require "probe"

local PENDING <const> = 0x00090368
local PATIENCE <const> = 30

local function eventually(what)
  local deadline = os.time() + PATIENCE
  while not what() do
    assert(os.time() < deadline, "never")
    sspi.poll(1)
  end
end

local function scripted(script)
  return sspi.acquire("Scripted", sspi.BOTH, { principal = script or "all: per-leg" })
end

-- A context after its first leg.
local function begun(credential)
  local context = sspi.client("more", { credential = credential })
  context:step()
  return context
end

-- So many legs, each with the deletion of its context, 64 at a time.
local function deletions(credential, count)
  local left, tasks = count, {}
  for i = 1, 64 do
    tasks[i] = sspi.spawn(function()
      while left > 0 do
        left = left - 1
        begun(credential):delete()
      end
    end)
  end
  for _, task in ipairs(tasks) do task:wait() end
end

local function shake_hands(client, server)
  local token = client:step()
  while not (client.complete and server.complete) do
    token = server:step(token)
    if not client.complete then token = client:step(token) end
  end
end

local function ntlm(use)
  local client = sspi.client("HTTP/localhost", {
    package = "NTLM",
    identity = { user = "alice", domain = "TEST", password = os.getenv "ALICE_PASSWORD" },
  })
  local server = sspi.server({
    package = "NTLM", identity = { ntlm_user_file = os.getenv "NTLM_USER_FILE" },
  })
  shake_hands(client, server)
  use(client, server)
  client:delete()
  server:delete()
end

local function fails(code, body, ...)
  local good, problem = pcall(body, ...)
  assert(not good, "it did not fail")
  assert(sspi.is_error(problem), tostring(problem))
  assert(problem.code == code, problem.code)
  return problem
end

local cases = {}

function cases.acquire()
  local credential = scripted()
  assert(probe.probe_credentials() == 1)
  credential:free()
  assert(probe.probe_credentials() == 0)
  local problem = fails("SEC_E_LOGON_DENIED", scripted, "acquire: status=SEC_E_LOGON_DENIED say=no")
  assert(tostring(problem):match "no$")
end

function cases.ntlm_handshake()
  ntlm(function(_, server) assert(server.user_name == "TEST\\alice") end)
end

function cases.tls_handshake()
  local certificate = os.getenv "TLS_CERTIFICATE"
  local client = sspi.client("localhost", {
    package = "Schannel", identity = { roots = certificate },
    application_protocols = { "h2", "http/1.1" },
  })
  local server = sspi.server({
    package = "Schannel", identity = { certificate = certificate },
    application_protocols = { "http/1.1" },
  })
  shake_hands(client, server)
  assert(client.application_protocol == "http/1.1")
  assert(client:channel_bindings() == server:channel_bindings())
  assert(server:decrypt(client:encrypt("hello")) == "hello")
  sspi.delete_many({ client, server })
end

function cases.kerberos_handshake()
  local client = sspi.client("HTTP@localhost", { package = "Kerberos" })
  local server = sspi.server({ package = "Kerberos" })
  shake_hands(client, server)
  assert(server.user_name == "alice@" .. os.getenv "REALM")
  assert(client.expiry > os.time())
  client:delete()
  server:delete()
  local armored = sspi.client("HTTP@localhost", { package = "Kerberos", identity = {
    user = "alice@" .. os.getenv "REALM", password = os.getenv "ALICE_PASSWORD", armor_cache = "FILE:/nowhere",
  } })
  local problem = fails("SEC_E_NO_CREDENTIALS", armored.step, armored)
  assert(tostring(problem):find("/nowhere", 1, true))
end

function cases.seal_and_unseal()
  ntlm(function(client, server)
    local message = "h\0\xffi"
    local sealed = client:encrypt(message)
    assert(not sealed:find(message, 1, true))
    assert(server:decrypt(sealed) == message)
    local good, problem = pcall(server.decrypt, server, sealed:sub(1, -2) .. "?")
    assert(not good and (problem.code == "SEC_E_MESSAGE_ALTERED" or problem.code == "SEC_E_OUT_OF_SEQUENCE"))
    server:verify(message, client:sign(message))
  end)
end

function cases.delete_pending_then_ok()
  local credential = scripted()
  local context = begun(credential)
  local leg, deletion = raw.SspiCreateAsyncContext(), raw.SspiCreateAsyncContext()
  local handle, heard = { value = context.handle }, false
  assert(raw.SspiInitializeSecurityContextAsync(leg, { value = credential.handle }, handle, "block", 0,
    0, 0, nil, 0) == 0)
  raw.SspiSetAsyncNotifyCallback(deletion, function() heard = true end)
  assert(raw.SspiDeleteSecurityContextAsync(deletion, handle) == 0)
  assert(raw.SspiGetAsyncCallStatus(deletion) == PENDING)
  probe.probe_release(1)
  eventually(function() return heard end)
  assert(raw.SspiGetAsyncCallStatus(deletion) == 0)
  raw.SspiFreeAsyncContext(leg)
  raw.SspiFreeAsyncContext(deletion)
  context:delete_nowait()
  credential:free()
end

function cases.delete_heard_on_the_loop()
  local credential = scripted()
  local context, heard = begun(credential), nil
  local task = sspi.spawn(function()
    context:delete()
    heard = coroutine.running()
  end)
  assert(not heard) -- it waits, and this goes on
  while not task.done do sspi.poll() end
  assert(heard == task.thread)
  credential:free()
end

function cases.fire_and_forget()
  local credential, contexts = scripted(), {}
  for i = 1, 100 do contexts[i] = begun(credential) end
  assert(probe.probe_contexts() == 100)
  for _, context in ipairs(contexts) do context:delete_nowait() end
  credential:free_nowait()
  eventually(function() return probe.probe_contexts() == 0 and probe.probe_credentials() == 0 end)
end

function cases.double_delete()
  local credential = scripted()
  local context = begun(credential)
  context:delete()
  fails("SEC_E_INVALID_HANDLE", context.delete, context)
  fails("SEC_E_INVALID_HANDLE", context.step, context)
  credential:free()
end

function cases.exception_in_callback()
  local credential, caught = scripted(), nil
  local first, second = begun(credential), begun(credential)
  local deletion = raw.SspiCreateAsyncContext()
  sspi.set_on_error(function(problem) caught = problem end)
  raw.SspiSetAsyncNotifyCallback(deletion, function() error("boom") end)
  raw.SspiDeleteSecurityContextAsync(deletion, { value = first.handle })
  second:delete()
  eventually(function() return caught end)
  assert(caught:find("boom", 1, true))
  raw.SspiFreeAsyncContext(deletion)
  first:delete_nowait()
  credential:free()
end

function cases.ten_thousand_deletions()
  local credential = scripted()
  deletions(credential, 10000)
  assert(probe.probe_contexts() == 0)
  credential:free()
end

function cases.late_numbers()
  for _ = 1, 600000 do
    local call = native.call_create()
    assert(math.type(call) == "integer" and call > 0 and call < 1 << 53)
    assert(native.call_status(math.tointeger(call + 0.0)) == native.call_status(call))
    native.call_free(call)
  end
end

function cases.text_with_nul()
  fails("SEC_E_INVALID_PARAMETER", scripted, "all: name=ab\0evil")
  fails("SEC_E_INVALID_PARAMETER", sspi.acquire, "Scripted\0")
  local good, problem = pcall(sspi.acquire, "NTLM", sspi.OUTBOUND,
    { identity = { user = "alice", password = "x\0user\0bob" } })
  assert(not good and problem:find "NUL")
  local credential = scripted()
  local context = sspi.client("more\0evil", { credential = credential })
  fails("SEC_E_INVALID_PARAMETER", context.step, context)
  credential:free()
end

function cases.text_beyond_bmp()
  local credential = scripted("all: per-leg name=\u{1f511}\u{e9}")
  local context = begun(credential)
  assert(context.user_name == "\u{1f511}\u{e9}")
  context:delete()
  credential:free()
end

function cases.deadline_ends_a_blocked_leg()
  local credential = scripted()
  local context = sspi.client("block", { credential = credential })
  fails("SEC_E_SECURITY_QOS_FAILED", context.step, context, nil, { timeout = 20 })
  probe.probe_release(probe.probe_blocked())
  credential:free()
end

function cases.cancel()
  local credential = scripted()
  local leg = sspi.client("block", { credential = credential }):begin_step()
  eventually(function() return probe.probe_blocked() == 1 end)
  leg:cancel()
  fails("SEC_E_UNFINISHED_CONTEXT_DELETED", leg.wait, leg)
  probe.probe_release(1)
  credential:free()
end

function cases.collector_with_calls_pending()
  local credential = scripted()
  for _ = 1, 20 do sspi.client("block", { credential = credential }):begin_step() end
  eventually(function()
    collectgarbage()
    return probe.probe_blocked() == 20
  end)
  probe.probe_release(20)
  eventually(function()
    collectgarbage()
    return probe.probe_contexts() == 0
  end)
  credential:free()
end

-- Two tasks, and a loop that is not ours, which polls fd() itself.
function cases.two_loops()
  local credential, done = scripted(), 0
  for _ = 1, 2 do
    sspi.spawn(function()
      for _ = 1, 200 do begun(credential):delete() end
      done = done + 1
    end)
  end
  while done < 2 do
    native.poll_fd(sspi.fd(), -1)
    sspi.dispatch()
  end
  assert(probe.probe_contexts() == 0)
  credential:free()
end

local function hundred_blocked()
  local credential, calls = scripted(), {}
  for i = 1, 100 do calls[i] = sspi.client("block", { credential = credential }):begin_step() end
  eventually(function() return probe.probe_blocked() > 0 end)
  return calls
end

local programs = {}

function programs.exit_with_calls_pending()
  hundred_blocked()
  os.exit(3)
end

-- As the end of the program, with another exit code: the state is closed, all finalizers run.
function programs.natural_end_with_calls_pending()
  hundred_blocked()
  os.exit(3, true)
end

function programs.killed_by_sigterm_while_waiting()
  local calls = hundred_blocked()
  print "waiting"
  io.stdout:flush()
  calls[1]:wait()
end

-- So many calls in 20 lots; what the process has after each.
function programs.memory_stays_flat()
  local credential = scripted()
  for _ = 1, 20 do
    deletions(credential, tonumber(arg[2]) // 40)
    collectgarbage()
    print(probe.probe_resident())
  end
  credential:free()
end

if arg[1] then
  programs[arg[1]]()
  return
end
for name, body in pairs(cases) do
  local good, problem = xpcall(function()
    body()
    eventually(function() return probe.probe_contexts() == 0 and probe.probe_credentials() == 0 end)
  end, function(value) return debug.traceback(tostring(value), 2) end)
  print((good and "PASS " or "FAIL ") .. name .. (good and "" or ": " .. problem:gsub("\n%s*", " | ")))
  io.stdout:flush()
end
