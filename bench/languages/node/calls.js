// SPDX-License-Identifier: MIT
// Node's side of bench/languages.py: promises, and work on the threads of libuv.
'use strict';

const readline = require('node:readline');
const sspi = require('sspi-async');
const probe = require(process.env.PROBE_NODE);
const { inside, logOn } = require(process.env.BENCH_NODE);

const IN_FLIGHT = 64;
const DEADLINE = 5000;
const LOOK = 4000; // threads without work have left by then

const atRest = probe.probe_threads();
const threads = () => probe.probe_threads() - atRest;
const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

function spread(count, body) {
  let left = count;
  return Promise.all(Array.from({ length: IN_FLIGHT }, async () => {
    while (left-- > 0) await body();
  }));
}

const ours = {
  async calls(count, script) {
    const credential = await sspi.Credential.acquire('Scripted', sspi.CredentialUse.OUTBOUND,
      { principal: script });
    await spread(count, async () => {
      const context = sspi.client('', { credential });
      await context.step();
      await context.delete();
    });
    await credential.free();
  },

  async silent(count) {
    const credential = await sspi.Credential.acquire('Kerberos', sspi.CredentialUse.OUTBOUND);
    let ended = 0;
    const logons = Array.from({ length: count }, async (_, number) => {
      const context = sspi.client(`HTTP@host${number}.localhost`, { credential, timeout: DEADLINE });
      try {
        await context.step();
      } catch (error) {
        if (!(error instanceof sspi.SspiTimeoutError)) throw error;
        ended++;
        return;
      }
      throw new Error('a logon without a KDC');
    });
    await pause(LOOK);
    const seen = [count - ended, threads(), probe.probe_library_threads()];
    await Promise.all(logons);
    await credential.free();
    return seen;
  },
};

const begin = (packageName, target) => new Promise((resolve, reject) => {
  logOn(packageName, target, (status) => (status === 0 ? resolve() : reject(new Error(target))));
});

const theirs = {
  calls: (count, target) => spread(count, () => begin('Scripted', target)),

  async silent(count) {
    for (let number = 0; number < count; number++) void begin('Kerberos', `HTTP@host${number}.localhost`);
    while (inside() < Number(process.env.UV_THREADPOOL_SIZE ?? 4)) await pause(1);
    return [inside(), threads()];
  },
};

async function main() {
  const side = process.argv[2] === 'ours' ? ours : theirs;
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [what, ...words] = line.split(' ');
    if (what === 'calls') {
      await side.calls(Number(words[0]), words.slice(1).join(' '));
      console.log(threads());
    } else {
      console.log((await side.silent(Number(words[0]))).join(' '));
    }
  }
}

void main();
