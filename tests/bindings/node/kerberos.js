// SPDX-License-Identifier: MIT
// The interface of the npm package `kerberos`, whose own programs are run by npm_kerberos.js.
'use strict';

const assert = require('node:assert/strict');
const { execFile } = require('node:child_process');
const http = require('node:http');
const path = require('node:path');
const { promisify } = require('node:util');
const kerberos = require('sspi-async/kerberos');

const SERVICE = 'HTTP@localhost';
const { ALICE_PASSWORD, NPM_KERBEROS, REALM } = process.env;

async function shakesHands(mechOID) {
  const client = await kerberos.initializeClient(SERVICE, { mechOID });
  const server = await kerberos.initializeServer(SERVICE);
  const answer = await server.step(await client.step(''));
  assert.ok(!client.contextComplete);
  await client.step(answer);
  assert.ok(client.contextComplete && server.contextComplete);
  assert.equal(client.username, `alice@${REALM}`);
  assert.equal(server.username, client.username);
  assert.equal(server.targetName, null);
  for (const protect of [false, true]) {
    const wrapped = await client.wrap('aGVsbG8=', { protect });
    assert.equal(await server.unwrap(wrapped), 'aGVsbG8=');
    assert.equal(server.responseConf, Number(protect));
  }
  await assert.rejects(client.wrap('aGVsbG8=', { protect: 'yes' }), /options.protect must be a boolean/);
}

async function passwords() {
  await kerberos.checkPassword('alice', ALICE_PASSWORD, 'HTTP/localhost', REALM);
  await kerberos.checkPassword(`alice@${REALM}`, ALICE_PASSWORD, 'HTTP/localhost');
  await assert.rejects(kerberos.checkPassword('alice', 'wrong', 'HTTP/localhost', REALM));
  const client = await kerberos.initializeClient(SERVICE, { user: `alice@${REALM}`, password: 'wrong' });
  await assert.rejects(client.step(''));
}

async function names() {
  assert.equal(await kerberos.principalDetails('HTTP', 'localhost'), `HTTP/localhost@${REALM}`);
  await assert.rejects(kerberos.principalDetails('HTTP', 'local'), /no keys of HTTP\/local/);
  const client = await kerberos.initializeClient(SERVICE);
  const server = await kerberos.initializeServer('');
  await server.step(await client.step(''));
  assert.equal(server.targetName, 'HTTP/localhost');
}

async function wrongTypes() {
  const client = await kerberos.initializeClient(SERVICE);
  const server = await kerberos.initializeServer(SERVICE);
  for (const [call, name] of [
    [() => kerberos.initializeClient(), 'service'],
    [() => kerberos.initializeServer(3), 'service'],
    [() => kerberos.principalDetails(3, 'localhost'), 'service'],
    [() => kerberos.principalDetails('HTTP'), 'hostname'],
    [() => kerberos.checkPassword(3, '', ''), 'username'],
    [() => kerberos.checkPassword('', 3, ''), 'password'],
    [() => kerberos.checkPassword('', '', 3), 'service'],
    [() => client.step(3), 'challenge'],
    [() => client.wrap(3), 'challenge'],
    [() => client.unwrap(3), 'challenge'],
    [() => server.step(3), 'challenge'],
  ])
    await assert.rejects(call, new TypeError(`parameter \`${name}\` must be a string.`));
}

// The forms with a callback, whose first argument is the error.
async function callbacks() {
  const client = await promisify(kerberos.initializeClient)(SERVICE, {});
  const bare = await promisify(kerberos.initializeClient)(SERVICE);
  const server = await promisify(kerberos.initializeServer)(SERVICE);
  const call = (object, name) => promisify(object[name].bind(object));
  const answer = await call(server, 'step')(await call(client, 'step')(''));
  await call(client, 'step')(answer);
  assert.equal(await call(server, 'unwrap')(await call(client, 'wrap')('aGVsbG8=')), 'aGVsbG8=');
  assert.equal(await call(server, 'unwrap')(await call(client, 'wrap')('aGVsbG8=', {})), 'aGVsbG8=');
  await assert.rejects(call(bare, 'step')('bm8='));
  const details = promisify(kerberos.principalDetails);
  assert.equal(await details('HTTP', 'localhost'), `HTTP/localhost@${REALM}`);
  const checks = promisify(kerberos.checkPassword);
  await checks('alice', ALICE_PASSWORD, 'HTTP/localhost', REALM);
  await assert.rejects(checks('alice', 'wrong', 'HTTP/localhost', REALM));
}

// As the package's README has it in mind: fetch, with a server that wants Negotiate.
async function overHttp() {
  const web = http.createServer((request, response) => {
    const [, token] = (request.headers.authorization ?? '').split(' ');
    if (!token) return response.writeHead(401, { 'WWW-Authenticate': 'Negotiate' }).end();
    return kerberos.initializeServer(SERVICE)
      .then(async (server) => [await server.step(token), server.username])
      .then(([answer, user]) => response.setHeader('WWW-Authenticate', `Negotiate ${answer}`).end(user),
        () => response.writeHead(403).end());
  });
  await new Promise((listens) => { web.listen(0, '127.0.0.1', listens); });
  try {
    const url = `http://127.0.0.1:${web.address().port}/`;
    assert.equal((await fetch(url)).headers.get('www-authenticate'), 'Negotiate');
    const client = await kerberos.initializeClient(SERVICE, { mechOID: kerberos.GSS_MECH_OID_SPNEGO });
    const response = await fetch(url, {
      headers: { Authorization: `Negotiate ${await client.step('')}`, Connection: 'close' },
    });
    assert.equal(await response.text(), `alice@${REALM}`);
    await client.step(response.headers.get('www-authenticate').split(' ')[1]);
    assert.ok(client.contextComplete);
  } finally {
    web.closeAllConnections();
    web.close();
  }
}

async function all() {
  for (const mechOID of [kerberos.GSS_C_NO_OID, kerberos.GSS_MECH_OID_KRB5, kerberos.GSS_MECH_OID_SPNEGO])
    await shakesHands(mechOID);
  await passwords();
  await names();
  await wrongTypes();
  await callbacks();
  await overHttp();
  if (!NPM_KERBEROS) return;
  await promisify(execFile)(process.execPath, [path.join(__dirname, 'npm_kerberos.js'), NPM_KERBEROS]);
}

module.exports = { all };
