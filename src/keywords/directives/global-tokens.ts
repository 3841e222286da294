/** Which algorithms encrypted tokens may have (HAProxy 3.x configuration 3.1). */
import type { GlobalModel } from '../../model/config.ts';
import { HIDING_NAMES, TEXT_NAMES } from '../../rules/jose/encryption.ts';
import { type Directive, defineGlobal } from '../define.ts';

function defineList(name: string, field: 'tokenKeyAlgorithms' | 'tokenTextAlgorithms', all: readonly string[], doc: string): Directive {
  const two = all.slice(-2);
  return defineGlobal({
    name,
    args: [{ name: 'list', kind: 'word' }],
    doc: `${doc} Names of RFC 7518 with commas or colons between them.`,
    examples: [
      { text: `${name} ${two.join()}`, gives: { [field]: two } },
      { text: `${name} ${two.join(':')}`, gives: { [field]: two } },
      { text: `${name} none`, says: "'none' is not supported: one of" },
      { text: name, says: `'${name}' expects` },
    ],
    apply(global, [list], context) {
      const names = list.text.split(/[,:]/);
      const unknown = names.find((each) => !all.includes(each));
      if (unknown === undefined) (global as Pick<GlobalModel, typeof field>)[field] = names;
      else
        context.error({
          text: `'${name}' : algorithm '${unknown}' is not supported: one of ${all.join()}.`,
          word: list,
          found: unknown,
          allowed: all,
        });
    },
  });
}

export const jwtDecryptAlgList = defineList(
  'jwt.decrypt_alg_list',
  'tokenKeyAlgorithms',
  HIDING_NAMES,
  'How the key of an encrypted token may be hidden, for jwt_decrypt_cert, jwt_decrypt_jwk and jwt_decrypt_secret: all but RSA1_5 if unset.',
);
export const jwtDecryptEncList = defineList(
  'jwt.decrypt_enc_list',
  'tokenTextAlgorithms',
  TEXT_NAMES,
  'How the text of an encrypted token may be encrypted: all that there are if unset.',
);
