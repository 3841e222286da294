/**
 * The model as JSON, for `hawser dump --format json`: addresses and networks as text, bytes as text, all else as the model has
 * it. Field names are those of src/model and stay. It must not know any field by its place.
 */
import { type AddressRecord, Family, ipText } from '../../base/address.ts';

/** A copy that `JSON.stringify` prints. Maps become objects, `undefined` is left out. */
export function plainModel(value: unknown): unknown {
  if (typeof value === 'string') return readable(value);
  if (typeof value === 'bigint') return value.toString();
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Uint8Array) return readable(Buffer.from(value).toString('latin1'));
  if (Array.isArray(value)) return value.map(plainModel);
  if (value instanceof Map) return plainModel(Object.fromEntries(value));
  if (value instanceof Set) return plainModel([...value]);
  if (isAddress(value)) return addressText(value);
  if (isNetwork(value)) return `${ipText({ ...value, port: 0, path: '' })}/${value.bits}`;
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plainModel(field)]));
}

function isAddress(value: object): value is AddressRecord {
  return 'family' in value && 'ip' in value && 'port' in value && 'path' in value;
}

function isNetwork(value: object): value is { family: AddressRecord['family']; ip: Uint8Array; bits: number } {
  return 'family' in value && 'ip' in value && 'bits' in value;
}

/** As it may stand in a configuration; '' for the address of a name that is not resolved. */
function addressText(address: AddressRecord): string {
  const { family, port, path } = address;
  switch (family) {
    case Family.inet:
      return `${ipText(address)}:${port}`;
    case Family.inet6:
      return `[${ipText(address)}]:${port}`;
    case Family.unix:
      return `unix@${path}`;
    case Family.abns:
      return `abns@${path}`;
    case Family.descriptor:
      return `fd@${port}`;
    default:
      return port === 0 ? '' : `:${port}`;
  }
}

/** Bytes of the file as characters: UTF-8 if they are, else each byte its own character. */
function readable(bytes: string): string {
  if (!/[\u0080-\u00ff]/.test(bytes)) return bytes;
  const text = Buffer.from(bytes, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? bytes : text;
}
