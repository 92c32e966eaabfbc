// SPDX-License-Identifier: MIT
// The list of tests/bindings/cases for Node. `cases.js` runs all that need no process of their
// own, `cases.js NAME` begins one that does: run.py looks how it ends. Needs --expose-gc.
'use strict';

const assert = require('node:assert/strict');
const { isMainThread, threadId, Worker, workerData } = require('node:worker_threads');
const sspi = require('sspi-async');
const raw = require('sspi-async/raw');
const native = require(require.resolve('sspi-async').replace('index.js', 'lib/native.js'));
const probe = require(process.env.PROBE_NODE);

const { CredentialUse } = sspi;
const PENDING = 0x00090368;
const PATIENCE = 60000;

const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });

async function eventually(what) {
  const end = Date.now() + PATIENCE;
  while (!what()) {
    assert.ok(Date.now() < end, `never: ${what}`);
    await pause(1);
  }
}

const scripted = (script = 'all: per-leg') =>
  sspi.Credential.acquire('Scripted', CredentialUse.BOTH, { principal: script });

// A context after its first leg.
async function begun(credential) {
  const context = sspi.client('more', { credential });
  await context.step();
  return context;
}

// So many legs, each with the deletion of its context, 64 at a time.
async function deletions(credential, count) {
  let left = count;
  await Promise.all(Array.from({ length: 64 }, async () => {
    while (left-- > 0) await (await begun(credential)).delete();
  }));
}

async function shakeHands(client, server) {
  let token = await client.step();
  while (!client.complete || !server.complete) {
    token = await server.step(token);
    if (!client.complete) token = await client.step(token);
  }
}

async function ntlm(use) {
  const client = sspi.client('HTTP/localhost', {
    package: 'NTLM',
    identity: { user: 'alice', domain: 'TEST', password: process.env.ALICE_PASSWORD },
  });
  const server = sspi.server({
    package: 'NTLM', identity: { ntlmUserFile: process.env.NTLM_USER_FILE },
  });
  await shakeHands(client, server);
  await use(client, server);
  await Promise.all([client.delete(), server.delete()]);
}

const cases = {
  async acquire() {
    const credential = await scripted();
    assert.equal(probe.probe_credentials(), 1);
    await credential.free();
    assert.equal(probe.probe_credentials(), 0);
    await assert.rejects(scripted('acquire: status=SEC_E_LOGON_DENIED say=no'), (error) =>
      error instanceof sspi.SspiError && error.code === 'SEC_E_LOGON_DENIED' && /no$/.test(error.message));
  },

  ntlm_handshake: () => ntlm((client, server) => assert.equal(server.userName, 'TEST\\alice')),

  ntlm_verifier: () => require('./verifier').all(),

  async tls_handshake() {
    const certificate = process.env.TLS_CERTIFICATE;
    const client = sspi.client('localhost', {
      package: 'Schannel', identity: { roots: certificate }, applicationProtocols: ['h2', 'http/1.1'],
    });
    const server = sspi.server({
      package: 'Schannel', identity: { certificate }, applicationProtocols: ['http/1.1'],
    });
    await shakeHands(client, server);
    assert.equal(client.applicationProtocol, 'http/1.1');
    assert.deepEqual(client.channelBindings(), server.channelBindings());
    assert.equal(server.decrypt(client.encrypt(Buffer.from('hello'))).toString(), 'hello');
    await sspi.SecurityContext.deleteMany([client, server]);
  },

  async kerberos_handshake() {
    const client = sspi.client('HTTP@localhost', { package: 'Kerberos' });
    const server = sspi.server({ package: 'Kerberos' });
    await shakeHands(client, server);
    assert.equal(server.userName, `alice@${process.env.REALM}`);
    assert.ok(client.expiry > new Date());
    await Promise.all([client.delete(), server.delete()]);
    const armored = sspi.client('HTTP@localhost', {
      package: 'Kerberos',
      identity: {
        user: `alice@${process.env.REALM}`, password: process.env.ALICE_PASSWORD, armorCache: 'FILE:/nowhere',
      },
    });
    await assert.rejects(armored.step(), (error) =>
      error.code === 'SEC_E_NO_CREDENTIALS' && error.message.includes('/nowhere'));
  },

  seal_and_unseal: () => ntlm((client, server) => {
    const message = Buffer.from([0x68, 0x00, 0xff, 0x69]);
    const sealed = client.encrypt(message);
    assert.ok(!sealed.includes(message));
    assert.deepEqual(server.decrypt(sealed), message);
    sealed[sealed.length - 1] ^= 1;
    assert.throws(() => server.decrypt(sealed), { code: /SEC_E_(MESSAGE_ALTERED|OUT_OF_SEQUENCE)/ });
    server.verify(message, client.sign(message));
  }),

  async delete_pending_then_ok() {
    const credential = await scripted();
    const context = await begun(credential);
    const leg = raw.SspiCreateAsyncContext();
    const end = raw.SspiCreateAsyncContext();
    const handle = { value: context.handle };
    assert.equal(raw.SspiInitializeSecurityContextAsync(leg, { value: credential.handle },
      handle, 'block', 0, 0, 0, null, 0, null, null), 0);
    const heard = new Promise((resolve) => { raw.SspiSetAsyncNotifyCallback(end, resolve); });
    assert.equal(raw.SspiDeleteSecurityContextAsync(end, handle), 0);
    assert.equal(raw.SspiGetAsyncCallStatus(end), PENDING);
    probe.probe_release(1);
    await heard;
    assert.equal(raw.SspiGetAsyncCallStatus(end), 0);
    raw.SspiFreeAsyncContext(leg);
    raw.SspiFreeAsyncContext(end);
    context.deleteNowait();
    await credential.free();
  },

  async delete_heard_on_the_loop() {
    const credential = await scripted();
    let turn = 0;
    const before = threadId;
    const heard = (await begun(credential)).delete().then(() => turn);
    turn = 1; // a promise is never settled inside the call that makes it
    assert.equal(await heard, 1);
    assert.equal(threadId, before);
    await credential.free();
  },

  async fire_and_forget() {
    const credential = await scripted();
    const contexts = await Promise.all(Array.from({ length: 100 }, () => begun(credential)));
    assert.equal(probe.probe_contexts(), 100);
    contexts.forEach((context) => context.deleteNowait());
    credential.freeNowait();
    await eventually(() => probe.probe_contexts() === 0 && probe.probe_credentials() === 0);
  },

  async double_delete() {
    const credential = await scripted();
    const context = await begun(credential);
    await context.delete();
    await assert.rejects(context.delete(), { code: 'SEC_E_INVALID_HANDLE' });
    await assert.rejects(context.step(), { code: 'SEC_E_INVALID_HANDLE' });
    await credential.free();
  },

  async exception_in_callback() {
    const credential = await scripted();
    const contexts = await Promise.all([begun(credential), begun(credential)]);
    const caught = new Promise((resolve) => { process.once('uncaughtException', resolve); });
    const end = raw.SspiCreateAsyncContext();
    raw.SspiSetAsyncNotifyCallback(end, () => { throw new Error('boom'); });
    raw.SspiDeleteSecurityContextAsync(end, { value: contexts[0].handle });
    const other = contexts[1].delete();
    assert.equal((await caught).message, 'boom');
    await other;
    raw.SspiFreeAsyncContext(end);
    contexts[0].deleteNowait();
    await credential.free();
  },

  async ten_thousand_deletions() {
    const credential = await scripted();
    await deletions(credential, 10000);
    assert.equal(probe.probe_contexts(), 0);
    await credential.free();
  },

  late_numbers() {
    for (let i = 0; i < 600000; i++) {
      const call = native.call_create();
      assert.ok(Number.isSafeInteger(call) && call > 0);
      if (i % 1000 === 0 || i > 524000) assert.equal(native.status_name(native.call_status(call)), 'SEC_E_NO_CONTEXT');
      native.call_free(call);
    }
  },

  async text_with_nul() {
    const refused = { code: 'SEC_E_INVALID_PARAMETER' };
    await assert.rejects(scripted('all: name=ab\0evil'), refused);
    await assert.rejects(sspi.Credential.acquire('Scripted\0'), refused);
    await assert.rejects(sspi.Credential.acquire('NTLM', CredentialUse.OUTBOUND,
      { identity: { user: 'alice', password: 'x\0user\0bob' } }), /NUL/);
    const credential = await scripted();
    await assert.rejects(sspi.client('more\0evil', { credential }).step(), refused);
    await credential.free();
  },

  async text_beyond_bmp() {
    const credential = await scripted('all: per-leg name=\u{1f511}\u00e9');
    const context = await begun(credential);
    assert.equal(context.userName, '\u{1f511}\u00e9');
    await context.delete();
    await credential.free();
  },

  async deadline_ends_a_blocked_leg() {
    const credential = await scripted();
    await assert.rejects(sspi.client('block', { credential }).step(null, { timeout: 20 }), (error) =>
      error instanceof sspi.SspiTimeoutError && error.code === 'SEC_E_SECURITY_QOS_FAILED' &&
      error.name === 'TimeoutError');
    probe.probe_release(probe.probe_blocked());
    await credential.free();
  },

  async cancel() {
    const credential = await scripted();
    const controller = new AbortController();
    const leg = sspi.client('block', { credential }).step(null, { signal: controller.signal });
    await eventually(() => probe.probe_blocked() === 1);
    controller.abort();
    await assert.rejects(leg, { name: 'AbortError' });
    await assert.rejects(sspi.client('block', { credential, signal: controller.signal }).step(),
      { name: 'AbortError' });
    probe.probe_release(1);
    await credential.free();
  },

  async collector_with_calls_pending() {
    const credential = await scripted();
    for (let i = 0; i < 20; i++) sspi.client('block', { credential }).step().catch(() => {});
    await eventually(() => { global.gc(); return probe.probe_blocked() === 20; });
    probe.probe_release(20);
    await eventually(() => { global.gc(); return probe.probe_contexts() === 0; });
    await credential.free();
  },

  // As a program of npm's `kerberos` does it, with promises and with callbacks.
  neighbours_interface: () => require('./kerberos').all(),

  async two_loops() {
    const workers = [1, 2].map(() => new Worker(__filename, { workerData: 'deletions' }));
    const codes = await Promise.all(workers.map((worker) => new Promise((resolve, reject) => {
      worker.once('exit', resolve);
      worker.once('error', reject);
    })));
    assert.deepEqual(codes, [0, 0]);
    assert.equal(probe.probe_contexts(), 0);
  },
};

async function hundredBlocked() {
  const credential = await scripted();
  const legs = Array.from({ length: 100 }, () => {
    const call = raw.SspiCreateAsyncContext();
    raw.SspiInitializeSecurityContextAsync(call, { value: credential.handle }, null, 'block', 0, 0, 0,
      null, 0, {}, null);
    return call;
  });
  await eventually(() => probe.probe_blocked() > 0);
  return legs;
}

const programs = {
  async exit_with_calls_pending() {
    await hundredBlocked();
    process.exit(3);
  },
  // Nobody waits for them any more, and the loop ends.
  async natural_end_with_calls_pending() {
    (await hundredBlocked()).forEach(raw.SspiFreeAsyncContext);
    process.exitCode = 3;
  },
  async killed_by_sigterm_while_waiting() {
    await hundredBlocked();
    console.log('waiting');
  },

  // So many calls in 20 lots; what the process has after each, of V8's heap what is in use.
  async memory_stays_flat() {
    const credential = await scripted();
    for (let lot = 0; lot < 20; lot++) {
      await deletions(credential, Number(process.argv[3]) / 40);
      global.gc();
      const { heapTotal, heapUsed } = process.memoryUsage();
      console.log(probe.probe_resident() - (heapTotal - heapUsed) / 1024);
    }
    await credential.free();
  },
};

async function ofAWorker() {
  const credential = await scripted();
  for (let i = 0; i < 200; i++) await (await begun(credential)).delete();
  await credential.free();
}

async function all() {
  for (const [name, body] of Object.entries(cases)) {
    try {
      await body();
      await eventually(() => probe.probe_contexts() === 0 && probe.probe_credentials() === 0);
      console.log(`PASS ${name}`);
    } catch (error) {
      console.log(`FAIL ${name}: ${String(error.stack).replaceAll('\n', ' | ')}`);
    }
  }
}

if (!isMainThread) void (workerData === 'deletions' && ofAWorker());
else if (process.argv[2]) void programs[process.argv[2]]();
else void all();
