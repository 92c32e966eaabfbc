// SPDX-License-Identifier: MIT
// Both sides of a handshake in one program: what each of our languages does in its own way.
//
//     node handshake.js Kerberos
//     node handshake.js NTLM alice TEST PASSWORD USER_FILE
//
// Kerberos uses the tickets and the keytab of whoever runs it, for HTTP@localhost. USER_FILE has
// lines DOMAIN:user:password. The other examples called handshake print the same.
'use strict';

const sspi = require('sspi-async');

// Lets each side's token go to the other one; how many legs that took.
async function shakeHands(client, server) {
  let token = await client.step();
  let legs = 1;
  while (!client.complete || !server.complete) {
    const side = legs % 2 === 0 ? client : server;
    token = await side.step(token);
    legs += 1;
  }
  return legs;
}

async function main(packageName, user, domain, password, ntlmUserFile) {
  const common = { package: packageName, timeout: 10000 };
  const client = sspi.client('HTTP@localhost', { ...common, identity: user && { user, domain, password } });
  const server = sspi.server({ ...common, identity: user && { ntlmUserFile } });
  const legs = await shakeHands(client, server);
  console.log(`${packageName}: ${legs} legs`);
  console.log(`the server knows ${server.userName}`);
  console.log(`sealed and opened: ${server.decrypt(client.encrypt(Buffer.from('hello')))}`);
  await Promise.all([client.delete(), server.delete()]);
  console.log('deleted');
}

main(...process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
