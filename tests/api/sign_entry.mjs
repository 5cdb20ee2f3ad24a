// SPDX-License-Identifier: AGPL-3.0-or-later
// Signs an entry as a browser would: WebCrypto alone, nothing of SEM (SPEC 2.1, 3.1).
// stdin: {"text", "signers": [{"name", "seed": 64 hex digits}]}; stdout: the signed note.
import { webcrypto } from 'node:crypto';
import { readFileSync } from 'node:fs';

const { subtle } = webcrypto;
// RFC 8410: the ASN.1 that stands before the 32 bytes of an Ed25519 seed in PKCS#8.
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex');
const ED25519_NOTE = 0x01;

async function keyOf(seedHex) {
  const der = Buffer.concat([PKCS8, Buffer.from(seedHex, 'hex')]);
  const secret = await subtle.importKey('pkcs8', der, 'Ed25519', true, ['sign']);
  const { x } = await subtle.exportKey('jwk', secret);
  return { secret, publicKey: Buffer.from(x, 'base64url') };
}

async function line(text, { name, seed }) {
  const { secret, publicKey } = await keyOf(seed);
  const named = Buffer.concat([Buffer.from(`${name}\n`), Buffer.from([ED25519_NOTE]), publicKey]);
  const id = Buffer.from(await subtle.digest('SHA-256', named)).subarray(0, 4);
  const signature = Buffer.from(await subtle.sign('Ed25519', secret, Buffer.from(text)));
  return `— ${name} ${Buffer.concat([id, signature]).toString('base64')}\n`;
}

const { text, signers } = JSON.parse(readFileSync(0, 'utf8'));
const lines = [];
for (const signer of signers) {
  lines.push(await line(text, signer));
}
process.stdout.write(`${text}\n${lines.join('')}`);
