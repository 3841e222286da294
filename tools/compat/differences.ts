/**
 * Where an object's shape differs from HAProxy's on purpose: `kind name what` → the reason. A difference that is
 * not listed here fails the check; an entry that no longer differs does too.
 */
export const DIFFERENCES: Readonly<Record<string, string>> = {
  'converter hex2i input type': 'takes text: digits are text, and a binary sample casts to it unchanged',
  'fetch fc_rtt arguments': 'the unit may be left out, as HAProxy does in practice although its manual says otherwise',
  'fetch fc_rttvar arguments': 'as fc_rtt',
  'fetch bc_rtt arguments': 'as fc_rtt',
  'fetch bc_rttvar arguments': 'as fc_rtt',
  'fetch str arguments': 'the text may be left out, as HAProxy 2.6 does in practice: it is empty then',
  'fetch acl arguments': 'names of ACLs, at most twelve',
  'converter set-var arguments': 'each of the conditions, at most four, is an argument',
  'converter strcmp type': 'an integer with a sign, as in the list that HAProxy prints and as its manual describes',
  'converter htonl type': 'four bytes, as in the list that HAProxy prints and as its manual describes',
  'converter secure_memcmp input type': 'compares bytes; a string casts to them unchanged',
  'converter ub64dec type': 'bytes, as in the list that HAProxy prints: what is decoded need not be a text',
  'converter ub64enc input type': 'takes bytes, as in the list that HAProxy prints',
  'converter ip.fp arguments':
    'a mode that says what is appended, as HAProxy takes in practice although its list of converters does not show it',
  'converter json_query type': 'what the value is, known only when it is read',
  'converter jwt_header_query type': 'what the value is, known only when it is read',
  'converter jwt_payload_query type': 'what the value is, known only when it is read',
  'converter protobuf type': 'bytes, or an integer if a type is given',
  'converter ungrpc type': 'bytes, or an integer if a type is given',
  'converter rfc7239_n2nn type': 'an address or a text, known only when it is read',
  'converter rfc7239_n2np type': 'an integer or a text, known only when it is read',
  'converter rfc7239_nn input type': 'takes an address or a text as it comes',
  'converter rfc7239_np input type': 'takes an integer or a text as it comes',
  'fetch method type': 'has a type of its own, as in the list that HAProxy prints (`meth`): it casts to string and compares by number',
  'fetch req.fhdr arguments': 'the name may be left out, as HAProxy does in practice although its manual says otherwise',
};
