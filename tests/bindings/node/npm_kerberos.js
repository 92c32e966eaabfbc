// SPDX-License-Identifier: MIT
// Programs of the npm package `kerberos`, unpacked in the folder of its argument and unchanged but for
// what they import: that is ours. Its version 2 has the conversation of drivers of MongoDB (callbacks),
// its version 7 the functions themselves (promises), over what is an add-on there.
'use strict';

const assert = require('node:assert/strict');
const Module = require('node:module');
const path = require('node:path');
const ours = require('sspi-async/kerberos');

const folder = process.argv[2];
const { ALICE_PASSWORD, REALM } = process.env;
const ALICE = `alice@${REALM}`;

const IMPORTS = ['../kerberos', '../build/Release/kerberos.node'];
const resolve = Module._resolveFilename;
Module._resolveFilename = function resolveOurs(request, parent, ...rest) {
  if (IMPORTS.includes(request) && parent.filename.startsWith(folder))
    return require.resolve('sspi-async/kerberos');
  return resolve.call(this, request, parent, ...rest);
};
const load = (version, file) => require(path.join(folder, version, file));

const promised = (object, name, ...values) => new Promise((done, failed) => {
  object[name](...values, (error, value) => (error ? failed(error) : done(value)));
});

// The server's half of SASL's GSSAPI (RFC 4752), without layers; the user that the client asks for.
async function converse(client) {
  const server = await ours.initializeServer('HTTP@localhost');
  const answer = await server.step(await promised(client, 'transition', ''));
  assert.equal(await promised(client, 'transition', answer), '');
  const offer = await server.wrap(Buffer.of(1, 0, 0, 0).toString('base64'));
  const choice = Buffer.from(await server.unwrap(await promised(client, 'transition', offer)), 'base64');
  assert.equal(await promised(client, 'transition', ''), true);
  await assert.rejects(promised(client, 'transition', ''), /finished/);
  assert.deepEqual([...choice.subarray(0, 4)], [1, 0, 0, 0]);
  assert.equal(server.username, ALICE);
  return choice.toString('utf8', 4);
}

async function mongodb() {
  const { MongoAuthProcess } = load('2', 'lib/auth_processes/mongodb.js');
  for (const password of [undefined, ALICE_PASSWORD]) {
    const client = new MongoAuthProcess('localhost', 27017, 'HTTP');
    await promised(client, 'init', ALICE, password);
    assert.equal(await converse(client), ALICE);
  }
  const wrong = new MongoAuthProcess('localhost', 27017, 'HTTP');
  await promised(wrong, 'init', ALICE, 'wrong');
  await assert.rejects(promised(wrong, 'transition', ''), Error);
}

async function functions() {
  const kerberos = load('7', 'lib/index.js');
  for (const [name, value] of Object.entries(kerberos).filter(([, each]) => each !== undefined))
    assert.equal(typeof ours[name], typeof value, name);
  assert.equal(ours.version, kerberos.version);
  assert.equal(await kerberos.principalDetails('HTTP', 'localhost'), `HTTP/localhost@${REALM}`);
  await kerberos.checkPassword('alice', ALICE_PASSWORD, 'HTTP/localhost', REALM);
  await assert.rejects(kerberos.checkPassword('alice', 'wrong', 'HTTP/localhost', REALM), Error);
  const client = await kerberos.initializeClient('HTTP@localhost', { mechOID: kerberos.GSS_MECH_OID_KRB5 });
  const server = await kerberos.initializeServer('HTTP@localhost');
  await client.step(await server.step(await client.step('')));
  assert.ok(client.contextComplete && server.contextComplete);
  assert.deepEqual([client.username, server.username], [ALICE, ALICE]);
  for (const protect of [true, false]) {
    assert.equal(await client.unwrap(await server.wrap('aGVsbG8=', { protect })), 'aGVsbG8=');
    assert.equal(client.responseConf, Number(protect));
  }
}

mongodb().then(functions);
