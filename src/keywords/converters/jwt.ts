/** Signed tokens (RFC 7519, RFC 7515; HAProxy 3.x configuration 7.3.1). */
import { SCRATCH_SIZE } from '../../base/memory.ts';
import { type CompileContext, type ConvertStep, defineConverter } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { JsonQuery } from '../../rules/format/json-query.ts';
import { CompactToken, NameList } from '../../rules/jose/compact.ts';
import { decodeInto } from '../../rules/jose/fields.ts';
import type { KeyFiles } from '../../rules/jose/key-files.ts';
import { ALGORITHM_NAMES, ALGORITHMS, HMAC, NONE, type SigningAlgorithm, Verdict } from '../../rules/jose/signed.ts';
import { SampleType } from '../../rules/sample.ts';
import { TextOperand } from '../../rules/value/operand.ts';
import type { Stream } from '../../state/records.ts';

const HEAD = 'eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9';
const CLAIMS = 'eyJzdWIiOiJhbm4iLCJleHAiOjE3OTUxNzAwMDAsImF1ZCI6WyJhcGkiLCJ3ZWIiXSwiYWRtIjp0cnVlfQ';
/** Signed with the text `secret`. */
const HS256 = `${HEAD}.${CLAIMS}.twf8w92e4cMYCYE_NolwDOYWbIO4alP4CGeZjoIBMB8`;
const ES256 = `eyJhbGciOiJFUzI1NiJ9.${CLAIMS}.EdGUltEXKBlsoXjxsTdfKa6VvnDHatN2srveesdR7SukVHeicVeeVqLeB4dMOrGSV6coG3-vh2hWgpnPmYM7JQ`;
const RS256 = `eyJhbGciOiJSUzI1NiJ9.${CLAIMS}.jGwg6j3JVvEQ2qTL7fSbVh31w0bqjfZQuMTFaRQiqIpbJVEIR8iB2L1qgR5XGqYRfBgF9KHuzsTdFD9UKCqfAKh7OGwKXLQMNVErb-Y6CiDWrowom5VWqFfpmp-COFnpK_bOiIZ-0xq3jzv8i6z_YeC7a20q9nPY8WNF2DAMRSY`;
const UNSIGNED = `eyJhbGciOiJub25lIn0.${CLAIMS}.`;

const QUERY_ARGS = [
  { name: 'json_path', kind: 'str', default: null },
  { name: 'output_type', kind: 'str', oneOf: ['int'], default: null },
] as const;
const STR_TO_ANY = { from: SampleType.str, to: SampleType.any } as const;

/** One part of a token, or a value in it. */
function compileQuery(part: number, [path, output]: readonly [string | null, 'int' | null], context: CompileContext): ConvertStep {
  const { memory } = context.thread;
  const token = new CompactToken();
  const query = path === null ? null : new JsonQuery(memory, path, output);
  return (sample) => {
    token.split(memory.bytes, sample.start, sample.end, part + 1);
    if (token.count <= part) return false;
    const start = token.starts[part] as number;
    const end = token.ends[part] as number;
    if (end - start > SCRATCH_SIZE) return false;
    const at = memory.scratch();
    const stop = decodeInto(memory.bytes, start, end, memory.bytes, at);
    if (stop < 0) return false;
    return query === null ? sample.setText(at, stop) : query.run(sample, at, stop);
  };
}

export const jwtHeaderQuery = defineConverter({
  name: 'jwt_header_query',
  args: QUERY_ARGS,
  ...STR_TO_ANY,
  doc: 'The header of a token, decoded, or the value at a path in it, as json_query gives it. The signature is not looked at.',
  examples: [
    { value: HS256, call: "jwt_header_query('$.alg')", out: 'HS256' },
    { value: HS256, call: 'jwt_header_query', out: '{"alg":"HS256","typ":"JWT"}' },
    { value: 'no token', call: "jwt_header_query('$.alg')", out: null },
  ],
  compile: (args, context) => compileQuery(0, args, context),
});

export const jwtPayloadQuery = defineConverter({
  name: 'jwt_payload_query',
  args: QUERY_ARGS,
  ...STR_TO_ANY,
  doc: 'The claims of a token, decoded, or the value at a path in them, as json_query gives it. The signature is not looked at.',
  examples: [
    { value: HS256, call: "jwt_payload_query('$.sub')", out: 'ann' },
    { value: HS256, call: "jwt_payload_query('$.exp','int')", out: 1795170000 },
    { value: HS256, call: "jwt_payload_query('$.aud[1]')", out: 'web' },
    { value: HS256, call: "jwt_payload_query('$.adm')", out: true },
    { value: HEAD, call: "jwt_payload_query('$.sub')", out: null },
  ],
  compile: (args, context) => compileQuery(1, args, context),
});

/** The name of an algorithm, or a variable that holds one. */
class AlgorithmOperand {
  /** Of a constant; null: it comes from a variable. */
  readonly constant: SigningAlgorithm | null;
  readonly #names: NameList;
  readonly #operand: TextOperand;

  constructor(word: string, context: CompileContext) {
    this.#names = new NameList(context.thread.memory, ALGORITHM_NAMES);
    this.#operand = new TextOperand(word, context);
    const { isConstant, start, end } = this.#operand;
    this.constant = isConstant ? (ALGORITHMS[this.#names.find(start, end)] ?? null) : null;
    if (isConstant && this.constant === null) throw new RuleError(`'${word}' is no algorithm of tokens`, -1, word, ALGORITHM_NAMES);
  }

  read(stream: Stream): boolean {
    return this.#operand.read(stream);
  }

  /** After `read`; null: there is no such algorithm. */
  get value(): SigningAlgorithm | null {
    return this.constant ?? ALGORITHMS[this.#names.find(this.#operand.start, this.#operand.end)] ?? null;
  }
}

const VERIFY_ARGS = [
  { name: 'alg', kind: 'str' },
  { name: 'key', kind: 'str', mayBeEmpty: true },
] as const;
const STR_TO_INT = { from: SampleType.str, to: SampleType.int } as const;

/** Reads the file of a constant key. Where a variable says the algorithm, a key that is no file is a secret. */
function loadKey(keys: KeyFiles, algorithm: SigningAlgorithm | null, key: string, context: CompileContext): void {
  if (algorithm?.kind === HMAC || algorithm?.kind === NONE) return;
  if (algorithm === null && !keys.exists(key)) return;
  try {
    keys.load(key);
  } catch (error) {
    if (algorithm !== null || !(error instanceof RuleError)) throw error;
    context.warn(`${error.message}: it serves as a secret`);
  }
}

export const jwtVerify = defineConverter({
  name: 'jwt_verify',
  args: VERIFY_ARGS,
  ...STR_TO_INT,
  doc: `Checks a token's signature, not its claims: 1 if it is right, 0 if not, -1 for an unknown algorithm, -3 for no token, -4 if it is too long, -5 for an unknown key. The key is a secret, or a file with a public key or a certificate, which is read at start; a variable names such a file, or holds a secret. Where a variable says the algorithm, 'none' and the name of a key file as a secret are never right.`,
  examples: [
    { value: HS256, call: 'jwt_verify(HS256,secret)', out: 1 },
    { value: HS256, call: 'jwt_verify(HS256,guess)', out: 0 },
    { value: HS256, call: 'jwt_verify(HS384,secret)', out: 0 },
    { value: ES256, call: 'jwt_verify(ES256,es256.pem)', out: 1 },
    { value: RS256, call: 'jwt_verify(RS256,rs256.crt)', out: 1 },
    { value: RS256, call: 'jwt_verify(RS256,@tokens/rsa)', out: 1 },
    { value: RS256, call: 'jwt_verify(ES256,es256.pem)', out: 0 },
    { value: HEAD, call: 'jwt_verify(HS256,secret)', out: -3 },
    { value: RS256, call: 'jwt_verify(RS256,txn.no_key)', out: null },
    { value: UNSIGNED, call: 'jwt_verify(none,-)', out: 1 },
  ],
  compile: ([name, key], context) => {
    const { keys, signed } = context.thread.jose();
    const algorithm = new AlgorithmOperand(name, context);
    const operand = new TextOperand(key, context);
    if (operand.isConstant) loadKey(keys, algorithm.constant, key, context);
    return (sample, stream) => {
      if (!algorithm.read(stream) || !operand.read(stream)) return false;
      const { value } = algorithm;
      if (value === null) return sample.setInt(Verdict.unknownAlgorithm);
      const { kind, bits } = value;
      const { start, end } = sample;
      if (kind === NONE) return sample.setInt(algorithm.constant === null ? Verdict.wrong : signed.checkNone(start, end));
      const verdict = signed.open(start, end);
      if (verdict !== Verdict.right) return sample.setInt(verdict);
      const file = keys.publicKey(operand.start, operand.end);
      // The name of a file is no secret: who knows it could sign (RFC 8725 2.1).
      if (kind === HMAC) return sample.setInt(file === null ? signed.checkCode(bits, operand.start, operand.end) : Verdict.wrong);
      return sample.setInt(file === null ? Verdict.unknownKey : signed.checkSignature(kind, bits, file));
    };
  },
});

export const jwtVerifyCert = defineConverter({
  name: 'jwt_verify_cert',
  args: [
    { name: 'alg', kind: 'str' },
    { name: 'cert', kind: 'str' },
  ],
  ...STR_TO_INT,
  doc: "Checks a token's signature as jwt_verify, with a certificate of a crt-store whose load line says `jwt on`. -2 for algorithms that have no certificate: HS256, HS384, HS512 and none.",
  examples: [
    { value: ES256, call: 'jwt_verify_cert(ES256,@tokens/curve)', out: 1 },
    { value: RS256, call: 'jwt_verify_cert(RS256,@tokens/rsa)', out: 1 },
    { value: RS256, call: 'jwt_verify_cert(RS384,@tokens/rsa)', out: 0 },
    { value: ES256, call: 'set-var(txn.alg),jwt_verify_cert(txn.alg,@tokens/curve)', out: -1 },
  ],
  compile: ([name, certificate], context) => {
    const { keys, signed } = context.thread.jose();
    const algorithm = new AlgorithmOperand(name, context);
    const operand = new TextOperand(certificate, context);
    const { constant } = algorithm;
    if (constant?.kind === HMAC || constant?.kind === NONE) throw new RuleError(`'${name}' signs without a certificate`, -1, name);
    if (operand.isConstant) keys.demandCertificate(certificate);
    else keys.openCertificates();
    return (sample, stream) => {
      if (!algorithm.read(stream) || !operand.read(stream)) return false;
      const { value } = algorithm;
      if (value === null) return sample.setInt(Verdict.unknownAlgorithm);
      const { kind, bits } = value;
      if (kind === HMAC || kind === NONE) return sample.setInt(Verdict.unmanagedAlgorithm);
      const verdict = signed.open(sample.start, sample.end);
      if (verdict !== Verdict.right) return sample.setInt(verdict);
      const key = keys.certificateKey(operand.start, operand.end);
      return sample.setInt(key === null ? Verdict.unknownKey : signed.checkSignature(kind, bits, key));
    };
  },
});
