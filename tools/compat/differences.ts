/**
 * Where an object's shape differs from HAProxy's on purpose: `kind name what` → the reason. A difference that is
 * not listed here fails the check; an entry that no longer differs does too.
 */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  'converter url_enc input type': 'takes bytes, so that none is lost at a zero byte; a string casts to them unchanged',
  'converter hex2i input type': 'takes text: digits are text, and a binary sample casts to it unchanged',
  'converter set-var arguments': 'each of the conditions, at most four, is an argument',
  'converter strcmp type': 'an integer with a sign, as in the list that HAProxy prints and as its manual describes',
  'converter htonl type': 'four bytes, as in the list that HAProxy prints and as its manual describes',
  'converter secure_memcmp input type': 'compares bytes; a string casts to them unchanged',
  'converter ub64dec type': 'bytes, as in the list that HAProxy prints: what is decoded need not be a text',
  'converter ub64enc input type': 'takes bytes, as in the list that HAProxy prints',
  'fetch method type': 'has a type of its own, as in the list that HAProxy prints (`meth`): it casts to string and compares by number',
  'fetch req.fhdr arguments': 'the name may be left out, as HAProxy does in practice although its manual says otherwise',
};
