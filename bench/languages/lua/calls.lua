-- SPDX-License-Identifier: MIT
-- Lua's side of bench/languages.py: coroutines, and a function that blocks the program.
local sspi = require "sspi_async"
local probe = require "probe"

local IN_FLIGHT <const> = 64
local DEADLINE <const> = 5000
local LOOK <const> = 4 -- seconds: threads without work have left by then

local at_rest = probe.probe_threads()
local function threads() return math.tointeger(probe.probe_threads() - at_rest) end

local ours = {}

function ours.calls(count, script)
  local credential = sspi.acquire("Scripted", sspi.OUTBOUND, { principal = script })
  local left, tasks = count, {}
  for i = 1, IN_FLIGHT do
    tasks[i] = sspi.spawn(function()
      while left > 0 do
        left = left - 1
        local context = sspi.client("", { credential = credential })
        context:step()
        context:delete()
      end
    end)
  end
  for _, task in ipairs(tasks) do task:wait() end
  credential:free()
end

function ours.silent(count)
  local credential, ended, tasks = sspi.acquire("Kerberos", sspi.OUTBOUND), 0, {}
  for i = 1, count do
    tasks[i] = sspi.spawn(function()
      local context = sspi.client("HTTP@host" .. i .. ".localhost", { credential = credential })
      local good, problem = pcall(context.step, context, nil, { timeout = DEADLINE })
      assert(not good and problem.code == "SEC_E_SECURITY_QOS_FAILED", tostring(problem))
      ended = ended + 1
    end)
  end
  local look = os.time() + LOOK
  while os.time() < look do sspi.poll(50) end
  local under_way, seen, own = count - ended, threads(), probe.probe_library_threads()
  for _, task in ipairs(tasks) do task:wait() end
  credential:free()
  return under_way, seen, own
end

local theirs = {}

function theirs.calls(count, target)
  for _ = 1, count do assert(probe.probe_log_on("Scripted", target) == 0) end
end

-- The first would stop the program: there is nothing to see.
function theirs.silent() end

local side = arg[1] == "ours" and ours or theirs
for line in io.lines() do
  local what, count, words = line:match "^(%S+) (%S+) ?(.*)$"
  if what == "calls" then
    side.calls(tonumber(count), words)
    print(threads())
  else
    print(side.silent(tonumber(count)))
  end
  io.stdout:flush()
end
