/**
 * Where an object's shape differs from HAProxy's on purpose: `kind name what` → the reason. A difference that is
 * not listed here fails the check; an entry that no longer differs does too.
 */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  'converter url_enc input type': 'takes bytes, so that none is lost at a zero byte; a string casts to them unchanged',
  'converter hex2i input type': 'takes text: digits are text, and a binary sample casts to it unchanged',
  'converter set-var arguments': 'each of the conditions, at most four, is an argument',
  'fetch method type': 'has a type of its own, as in the list that HAProxy prints (`meth`): it casts to string and compares by number',
  'fetch req.fhdr arguments': 'the name may be left out, as HAProxy does in practice although its manual says otherwise',
};
