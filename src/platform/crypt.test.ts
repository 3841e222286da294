/** crypt(3) of this system against hashes that openssl printed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MOST_PASSWORD, openCrypt } from './crypt.ts';

const crypt = openCrypt();
const skip = crypt === null && 'no libcrypt here';

/** As `openssl passwd -1|-5|-6 -salt saltsalt secret` prints them. */
const HASHES: readonly (readonly [string, string])[] = [
  ['secret', '$1$saltsalt$9xy1btjgzLYfb7hivXtC//'],
  ['secret', '$5$saltsalt$0IyaXrmV7.sGNS6tirgqHLqX/G.FBvgkYA.lpPdS5sA'],
  ['secret', '$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1'],
];

test('hashes are those of crypt(3)', { skip }, () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text, 'latin1');
  for (const [password, hash] of HASHES) {
    assert.equal(crypt?.(bytes(password), hash), hash);
    assert.notEqual(crypt?.(bytes(`${password}x`), hash), hash);
  }
  assert.equal(crypt?.(bytes('secret'), '*0'), null);
  assert.equal(crypt?.(bytes('a\0b'), '$1$saltsalt$'), null);
  assert.equal(crypt?.(new Uint8Array(MOST_PASSWORD + 1).fill(97), '$6$saltsalt$'), null);
});
