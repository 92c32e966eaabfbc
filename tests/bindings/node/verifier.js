// SPDX-License-Identifier: MIT
// NTLM accounts that a function of the program knows.
'use strict';

const assert = require('node:assert/strict');
const { once } = require('node:events');
const sspi = require('sspi-async');

const { ALICE_PASSWORD } = process.env;
const HASH = Buffer.from('91c81bd7d0872ad66d3f917fea9fb5fb', 'hex'); // of that password

// The server's context after a handshake with alice.
async function logsOn(credential) {
  const client = sspi.client('HTTP/localhost', {
    package: 'NTLM', identity: { user: 'alice', domain: 'TEST', password: ALICE_PASSWORD },
  });
  const server = sspi.server({ credential });
  try {
    const challenge = await server.step(await client.step());
    await server.step(await client.step(challenge));
    assert.equal(server.userName, 'TEST\\alice');
    assert.deepEqual(client.sessionKey, server.sessionKey);
  } finally {
    await Promise.all([client.delete(), server.delete()]);
  }
}

async function withAccount(ntlmVerifier, use) {
  const credential = await sspi.Credential.acquire('NTLM', sspi.CredentialUse.INBOUND,
    { identity: { ntlmVerifier } });
  await use(credential);
  await credential.free();
}

// A function that is known to a credential which nobody has any more.
async function lost() {
  const look = () => ALICE_PASSWORD;
  await logsOn(await sspi.Credential.acquire('NTLM', sspi.CredentialUse.INBOUND,
    { identity: { ntlmVerifier: look } }));
  return new WeakRef(look);
}

async function isCollected(reference) {
  for (const end = Date.now() + 60000; reference.deref() !== undefined;) {
    assert.ok(Date.now() < end, 'never');
    await new Promise(setImmediate);
    global.gc();
  }
}

const refuses = (code) => (credential) => assert.rejects(logsOn(credential), { code });

async function all() {
  const asked = [];
  await withAccount((user, domain) => {
    asked.push([user, domain]);
    return ALICE_PASSWORD;
  }, async (credential) => {
    await Promise.all(Array.from({ length: 20 }, () => logsOn(credential)));
  });
  assert.deepEqual(asked, Array(20).fill(['alice', 'TEST']));
  await withAccount(async () => HASH, logsOn);
  await withAccount(async () => null, refuses('SEC_E_LOGON_DENIED'));
  await withAccount(() => 'another', refuses('SEC_E_LOGON_DENIED'));

  for (const bad of [() => { throw new Error('no database'); }, () => 3, () => Buffer.alloc(15)]) {
    const warned = once(process, 'warning');
    await withAccount(bad, refuses('SEC_E_NO_AUTHENTICATING_AUTHORITY'));
    assert.ok((await warned)[0] instanceof Error);
  }
  await isCollected(await lost());
  await assert.rejects(withAccount('alice', () => {}), TypeError);
}

module.exports = { all };
