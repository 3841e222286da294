/**
 * Short names of the object identifiers that certificates use, as OpenSSL spells them. Looked up by their bytes; no text is made.
 * Whoever finds none writes the numbers.
 */

/** `dotted name`, by subject: parts of names (RFC 4519, RFC 4514 3), keys, signatures (RFC 3279, RFC 5758, RFC 8410). */
const NAMES = `2.5.4.3 CN|2.5.4.4 SN|2.5.4.5 serialNumber|2.5.4.6 C|2.5.4.7 L|2.5.4.8 ST|2.5.4.9 street|2.5.4.10 O|2.5.4.11 OU
2.5.4.12 title|2.5.4.13 description|2.5.4.15 businessCategory|2.5.4.16 postalAddress|2.5.4.17 postalCode|2.5.4.18 postOfficeBox
2.5.4.20 telephoneNumber|2.5.4.41 name|2.5.4.42 GN|2.5.4.43 initials|2.5.4.44 generationQualifier|2.5.4.45 x500UniqueIdentifier
2.5.4.46 dnQualifier|2.5.4.65 pseudonym|2.5.4.97 organizationIdentifier|1.2.840.113549.1.9.1 emailAddress
1.2.840.113549.1.9.2 unstructuredName|0.9.2342.19200300.100.1.1 UID|0.9.2342.19200300.100.1.25 DC
1.3.6.1.4.1.311.60.2.1.1 jurisdictionL|1.3.6.1.4.1.311.60.2.1.2 jurisdictionST|1.3.6.1.4.1.311.60.2.1.3 jurisdictionC
1.2.840.113549.1.1.1 rsaEncryption|1.2.840.113549.1.1.10 RSASSA-PSS|1.2.840.10045.2.1 id-ecPublicKey|1.2.840.10040.4.1 DSA
1.2.840.10046.2.1 dhpublicnumber|1.3.101.110 X25519|1.3.101.111 X448|1.3.101.112 ED25519|1.3.101.113 ED448
1.2.840.113549.1.1.4 RSA-MD5|1.2.840.113549.1.1.5 RSA-SHA1|1.2.840.113549.1.1.11 RSA-SHA256|1.2.840.113549.1.1.12 RSA-SHA384
1.2.840.113549.1.1.13 RSA-SHA512|1.2.840.113549.1.1.14 RSA-SHA224|1.2.840.10045.4.1 ecdsa-with-SHA1
1.2.840.10045.4.3.1 ecdsa-with-SHA224|1.2.840.10045.4.3.2 ecdsa-with-SHA256|1.2.840.10045.4.3.3 ecdsa-with-SHA384
1.2.840.10045.4.3.4 ecdsa-with-SHA512|1.2.840.10040.4.3 DSA-SHA1|2.16.840.1.101.3.4.3.2 dsa_with_SHA256
2.16.840.1.101.3.4.3.17 id-ml-dsa-44|2.16.840.1.101.3.4.3.18 id-ml-dsa-65|2.16.840.1.101.3.4.3.19 id-ml-dsa-87`;

export interface OidName {
  readonly oid: Uint8Array;
  readonly name: Uint8Array;
}

const TABLE: readonly OidName[] = NAMES.split(/[|\n]/).map(entryOf);

function entryOf(entry: string): OidName {
  const [dotted, name] = entry.split(' ') as [string, string];
  return { oid: numbersOf(dotted), name: bytesOf(name) }; // hot-ok: when the module is loaded
}

function bytesOf(name: string): Uint8Array {
  const bytes = new Uint8Array(name.length); // hot-ok: when the module is loaded
  for (let at = 0; at < name.length; at++) bytes[at] = name.charCodeAt(at);
  return bytes;
}

/** The name of the identifier [start, end); null: it has none here. */
export function oidName(bytes: Uint8Array, start: number, end: number): OidName | null {
  for (let index = 0; index < TABLE.length; index++) {
    const entry = TABLE[index] as OidName;
    if (isSame(entry.oid, bytes, start, end)) return entry;
  }
  return null;
}

export function isSame(known: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (known.length !== end - start) return false;
  for (let at = 0; at < known.length; at++) if (known[at] !== bytes[start + at]) return false;
  return true;
}

/** The identifier's bytes, of its numbers with dots or, in any case, of its short name; null: there is no such name. At start only. */
export function oidBytes(text: string): Uint8Array | null {
  if (/^[012](?:\.\d{1,9})+$/.test(text)) return numbersOf(text);
  const wanted = text.toLowerCase();
  for (let index = 0; index < TABLE.length; index++) {
    const { oid, name } = TABLE[index] as OidName;
    if (isNamed(name, wanted)) return oid;
  }
  return null;
}

/** @param wanted in lower case */
function isNamed(name: Uint8Array, wanted: string): boolean {
  if (name.length !== wanted.length) return false;
  for (let at = 0; at < name.length; at++) {
    if (
      String.fromCharCode(name[at] as number)
        .toLowerCase()
        .charCodeAt(0) !== wanted.charCodeAt(at)
    )
      return false;
  }
  return true;
}

/** Each number in groups of seven bits, the first two together (X.690 8.19). */
function numbersOf(dotted: string): Uint8Array {
  const numbers = dotted.split('.');
  const out = new Uint8Array(numbers.length * 5); // hot-ok: at start
  let size = 0;
  for (let index = 1; index < numbers.length; index++) {
    const value = Number(numbers[index]) + (index === 1 ? Number(numbers[0]) * 40 : 0);
    let groups = 1;
    for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) groups++;
    for (let group = groups - 1; group >= 0; group--) out[size++] = (Math.floor(value / 128 ** group) & 127) | (group > 0 ? 128 : 0);
  }
  return out.slice(0, size);
}
