// SPDX-License-Identifier: MIT
// Completions come to one queue for each environment (the main thread, a worker), whose descriptor
// its loop watches. The process goes on while somebody waits for one, and not a moment longer.
'use strict';

const native = require('./native');

const LOT = 256;

const queue = native.queue_create();
const waiting = new Map(); // what is to be told, by id
const quiet = new Set(); // the ids that nobody waits for
const watcher = native.watch(queue, drain);
let lastId = 0;

function tell(id, status) {
  const heard = waiting.get(id);
  if (heard === undefined) return;
  forget(id);
  try {
    heard(status);
  } catch (error) {
    // Where Node reports what nobody caught; the others are told all the same.
    process.nextTick(() => { throw error; });
  }
}

function drain() {
  const [, ...taken] = [].concat(native.queue_take(queue, 0, LOT));
  for (let i = 0; i < taken.length; i += 2) tell(taken[i], taken[i + 1]);
}

/** A new id, whose completion is told by heard(status). */
function expect(heard) {
  if (waiting.size === quiet.size) native.hold(watcher, true);
  waiting.set(++lastId, heard);
  return lastId;
}

/** The same for what is no reason to go on. */
function expectQuietly(heard) {
  waiting.set(++lastId, heard);
  quiet.add(lastId);
  return lastId;
}

function forget(id) {
  if (!waiting.delete(id) || quiet.delete(id)) return;
  if (waiting.size === quiet.size) native.hold(watcher, false);
}

module.exports = { queue, expect, expectQuietly, forget };
