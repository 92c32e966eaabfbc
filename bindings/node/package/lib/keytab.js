// SPDX-License-Identifier: MIT
// Whose keys a keytab has. The library keeps to itself what libkrb5 reads there, so this reads the file,
// without its keys.
'use strict';

const { readFile } = require('node:fs/promises');

const MAGIC = 0x0502; // MIT's format, big-endian

/** The principals, "HTTP/www.example.org@EXAMPLE.ORG", in the order of their entries. */
function principalsOf(bytes) {
  const names = [];
  if (bytes.length < 2 || bytes.readUInt16BE(0) !== MAGIC) throw new Error('not a keytab');
  for (let at = 2; at + 4 <= bytes.length;) {
    const size = bytes.readInt32BE(at);
    at += 4;
    if (size > 0) names.push(principalOf(bytes.subarray(at, at + size)));
    at += Math.abs(size); // a negative one is a hole
  }
  return names;
}

function principalOf(entry) {
  const count = entry.readUInt16BE(0);
  let at = 2;
  const next = () => {
    const size = entry.readUInt16BE(at);
    at += 2 + size;
    return entry.toString('utf8', at - size, at);
  };
  const realm = next();
  return `${Array.from({ length: count }, next).join('/')}@${realm}`;
}

// Of krb5.conf the one line that says where the keytab is.
async function configured() {
  for (const file of (process.env.KRB5_CONFIG ?? '/etc/krb5.conf').split(':')) {
    const text = await readFile(file, 'utf8').catch(() => '');
    const found = /^\s*default_keytab_name\s*=\s*(\S+)/m.exec(text);
    if (found) return found[1];
  }
  return '/etc/krb5.keytab';
}

/** The principals of the default keytab, where it is a file. */
async function principals() {
  const name = process.env.KRB5_KTNAME ?? await configured();
  return principalsOf(await readFile(name.replace(/^(WR)?FILE:/, '')));
}

module.exports = { principals, principalsOf };
