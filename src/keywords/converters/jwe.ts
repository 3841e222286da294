/** Encrypted tokens (RFC 7516; HAProxy 3.x configuration 7.3.1). */
import { MOST_RSA_BITS } from '../../platform/crypto/contract.ts';
import { defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import type { EncryptedToken } from '../../rules/jose/encrypted.ts';
import { Jwk, MOST_SECRET } from '../../rules/jose/jwk.ts';
import { takeRoom } from '../../rules/jose/rooms.ts';
import { SampleType } from '../../rules/sample.ts';
import { EncodedOperand } from '../../rules/value/encoded-operand.ts';
import { TextOperand } from '../../rules/value/operand.ts';

const STR_TO_BIN = { from: SampleType.str, to: SampleType.bin } as const;
const TEXT = 'MTIzNDU2Nzg5MDEy.rjgmkY4Ap99U6e8';
/** Encrypted with the bytes 0123456789abcdef. */
const DIRECT = `eyJhbGciOiJkaXIiLCJlbmMiOiJBMTI4R0NNIn0..${TEXT}.BxBKh5YYvwMyl2w80e_Sxw`;
const WRAPPED = `eyJhbGciOiJBMTI4S1ciLCJlbmMiOiJBMTI4R0NNIn0.KEeDf_3tEJor84viDOyLWe90BijgUEpy.${TEXT}.LOe29fquhHzlT4_UeGFwGw`;
const RSA = `eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMTI4R0NNIn0.OI1NEzzulk--KLx7OnOTu2TLd4xTsv-gksm1ssesccaisBoPvOI_TkbkY66MkMQBrEZunCzN_Ajg-Q4Su40N9m4YAbD13LsjiseJPfImjgJN2t9ANjer8YiRJDl7ghKEfa8RoyyGhHHfc8gKqnxQ-g0eQf9QWWNWo9eABQ8zh6A.${TEXT}.w6vvaKRFZuPeSefuahhfEw`;
const SECRET = 'MDEyMzQ1Njc4OWFiY2RlZg==';
const JWK = '{"kty":"oct","k":"MDEyMzQ1Njc4OWFiY2RlZg"}';

export const jwtDecryptSecret = defineConverter({
  name: 'jwt_decrypt_secret',
  args: [{ name: 'secret', kind: 'str' }],
  ...STR_TO_BIN,
  doc: 'The text of an encrypted token whose key is a secret, in base64 or in a variable that holds base64 (dir, A128KW …, A128GCMKW …). No value if anything is wrong with it.',
  examples: [
    { value: DIRECT, call: `jwt_decrypt_secret(${SECRET})`, out: 'hidden text' },
    { value: WRAPPED, call: `jwt_decrypt_secret(${SECRET})`, out: 'hidden text' },
    { value: DIRECT, call: 'jwt_decrypt_secret(MDEyMzQ1Njc4OWFiY2RlZA==)', out: null },
    { value: RSA, call: `jwt_decrypt_secret(${SECRET})`, out: null },
  ],
  compile: ([secret], context) => {
    const { crypto, encrypted } = context.thread.jose();
    const operand = new EncodedOperand('secret', secret, context);
    const plain = new Uint8Array(MOST_SECRET);
    if (operand.isConstant && operand.constant.length > MOST_SECRET)
      throw new RuleError(`'secret' has ${operand.constant.length} bytes, the longest key has ${MOST_SECRET}`, -1);
    return (sample, stream) => {
      if (!encrypted.open(sample.start, sample.end)) return false;
      const length = operand.fill(stream, plain);
      const size = length < 0 ? -1 : encrypted.decryptWithSecret(plain, length);
      plain.fill(0);
      return takeRoom(sample, crypto.rooms.output, size);
    };
  },
});

export const jwtDecryptCert = defineConverter({
  name: 'jwt_decrypt_cert',
  args: [{ name: 'cert', kind: 'str' }],
  ...STR_TO_BIN,
  doc: 'The text of an encrypted token for the private key of a certificate (RSA-OAEP, RSA-OAEP-256, ECDH-ES …), one of a crt-store whose load line says `jwt on`, or a variable that names one. No value if anything is wrong with it.',
  examples: [
    { value: RSA, call: 'jwt_decrypt_cert(@tokens/rsa)', out: 'hidden text' },
    { value: RSA, call: 'jwt_decrypt_cert(@tokens/curve)', out: null },
    { value: DIRECT, call: 'jwt_decrypt_cert(@tokens/rsa)', out: null },
  ],
  compile: ([certificate], context) => {
    const { crypto, encrypted, keys } = context.thread.jose();
    const operand = new TextOperand(certificate, context);
    if (operand.isConstant) keys.demandCertificate(certificate);
    else keys.openCertificates();
    return (sample, stream) => {
      if (!encrypted.open(sample.start, sample.end) || !operand.read(stream)) return false;
      const key = keys.privateKey(operand.start, operand.end);
      return takeRoom(sample, crypto.rooms.output, key === null ? -1 : encrypted.decryptWithKey(key));
    };
  },
});

/** With whatever kind of key it is. */
function decryptWith(encrypted: EncryptedToken, jwk: Jwk | null): number {
  if (jwk === null) return -1;
  return jwk.key === null ? encrypted.decryptWithSecret(jwk.secret, jwk.secretLength) : encrypted.decryptWithKey(jwk.key);
}

export const jwtDecryptJwk = defineConverter({
  name: 'jwt_decrypt_jwk',
  args: [{ name: 'jwk', kind: 'str' }],
  ...STR_TO_BIN,
  doc: 'The text of an encrypted token for a key in JSON (RFC 7517) of kind oct, RSA or EC, or for one that a variable holds: the last eight of those are kept ready, and RSA keys have at most 4096 bits. No value if anything is wrong with it.',
  examples: [
    { value: DIRECT, call: `jwt_decrypt_jwk('${JWK}')`, out: 'hidden text' },
    { value: WRAPPED, call: `jwt_decrypt_jwk('${JWK}')`, out: 'hidden text' },
    { value: DIRECT, call: 'set-var(txn.jwk),jwt_decrypt_jwk(txn.jwk)', out: null },
  ],
  compile: ([word], context) => {
    const { crypto, encrypted, jwks, jwkReader } = context.thread.jose();
    const operand = new TextOperand(word, context);
    const constant = operand.isConstant ? new Jwk() : null;
    if (constant !== null && !jwkReader.read(constant, operand.start, operand.end, MOST_RSA_BITS))
      throw new RuleError(
        `'jwk' is no key of kind oct with 'k', RSA (of at most ${MOST_RSA_BITS} bits) with 'n', 'e', 'd', 'p', 'q', 'dp', 'dq', 'qi', or EC with 'crv', 'x', 'y', 'd'`,
        -1,
      );
    return (sample, stream) => {
      if (!encrypted.open(sample.start, sample.end) || !operand.read(stream)) return false;
      const size = decryptWith(encrypted, constant ?? jwks.find(operand.start, operand.end));
      return takeRoom(sample, crypto.rooms.output, size);
    };
  },
});
