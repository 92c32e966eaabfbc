-- SPDX-License-Identifier: MIT
-- Completions come to one queue for each Lua state. Whoever drives the program takes them: poll() here,
-- or another loop that calls dispatch() when fd() is readable. A task is a coroutine that waits for
-- calls without stopping the others; code outside a task that waits drives them all meanwhile.
local native = require "sspi_async.native"

local LOT <const> = 256

local M = {}

local queue = native.queue_create()
local waiting = {} -- what is to be told, by id
local pending = 0
local last_id = 0
local tasks = setmetatable({}, { __mode = "k" }) -- those that spawn made, by coroutine

-- What a callback raised, and what a task raised that nobody waits for. To be replaced at will.
function M.on_error(problem)
  io.stderr:write("sspi_async: ", tostring(problem), "\n")
end

function M.expect(heard)
  last_id = last_id + 1
  waiting[last_id] = heard
  pending = pending + 1
  return last_id
end

function M.forget(id)
  if waiting[id] then
    waiting[id] = nil
    pending = pending - 1
  end
end

function M.native()
  return queue
end

-- How many calls somebody waits for.
function M.pending()
  return pending
end

-- The descriptor that is readable while completions wait. Not to be read or closed.
function M.fd()
  return native.queue_fd(queue)
end

-- Tells all completions that have come, and never waits. How many they were.
function M.dispatch()
  local told = 0
  repeat
    local count, taken = native.queue_take(queue, 0, LOT)
    for i = 1, #taken, 2 do
      local heard = waiting[taken[i]]
      if heard then
        M.forget(taken[i])
        local good, problem = xpcall(heard, function(value)
          return type(value) == "string" and debug.traceback(value, 2) or value
        end, taken[i + 1])
        if not good then M.on_error(problem) end
      end
    end
    told = told + math.max(count, 0)
  until count < LOT
  return told
end

-- Waits for completions, up to so many milliseconds (nil: as long as it takes), and tells them.
function M.poll(timeout)
  native.poll_fd(M.fd(), timeout or -1)
  return M.dispatch()
end

-- Until ready() is true: of a task its coroutine waits, others drive the tasks.
function M.wait(ready)
  local task = tasks[coroutine.running()]
  while not ready() do
    if task then coroutine.yield() else M.poll() end
  end
end

local Task = {}
Task.__index = Task

local function go_on(task)
  local good, result = coroutine.resume(task.thread)
  if coroutine.status(task.thread) ~= "dead" then return end
  task.done, task.good = true, good
  if not good then task.problem = result end
  if task.heard then
    task.heard()
  elseif not good then
    M.on_error(result)
  end
end

-- Runs body(...) as a task, at once and up to where it first waits.
function M.spawn(body, ...)
  local task = setmetatable({ done = false }, Task)
  local arguments = table.pack(...)
  task.thread = coroutine.create(function()
    task.results = table.pack(body(table.unpack(arguments, 1, arguments.n)))
  end)
  tasks[task.thread] = task
  go_on(task)
  return task
end

-- What has the current task go on; nil outside of tasks.
function M.resumer()
  local task = tasks[coroutine.running()]
  return task and function() go_on(task) end
end

-- The results of the task, when it is done; raises what it raised.
function Task:wait()
  local resume = M.resumer()
  self.heard = resume or function() end
  M.wait(function() return self.done end)
  if not self.good then error(self.problem, 0) end
  return table.unpack(self.results, 1, self.results.n)
end

-- Drives the tasks until no call is pending.
function M.run()
  while pending > 0 do M.poll() end
end

return M
