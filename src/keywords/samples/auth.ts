/** Samples of a request's credentials (HAProxy 3.x configuration 7.3.6): who asks, and whether a userlist knows them. */

import { type CompileContext, defineFetch, type FetchStep } from '../../rules/define.ts';
import { RuleError } from '../../rules/error.ts';
import { Valid } from '../../rules/place.ts';
import { type Sample, SampleType } from '../../rules/sample.ts';
import { compileCredentials, credentials, readCredentials } from '../../rules/value/credentials.ts';
import type { Userlist } from '../../rules/value/userlist.ts';
import type { Stream } from '../../state/records.ts';

const ANN = 'GET / HTTP/1.1\r\nAuthorization: Basic YW5uOnNlY3JldDp4';
const TOKEN = 'GET / HTTP/1.1\r\nAuthorization: bearer abc.def';

const NONE = -2;

/** The number of the user in the list; -1: nobody of it; NONE: there are no Basic credentials. */
function compileUser(list: Userlist, context: CompileContext): (stream: Stream) => number {
  const read = compileCredentials(context.thread);
  return (stream) => {
    if (!read(stream) || !credentials.isBasic) return NONE;
    return list.check(credentials.userStart, credentials.userEnd, credentials.passwordStart, credentials.passwordEnd);
  };
}

export const httpAuth = defineFetch({
  name: 'http_auth',
  args: [{ name: 'userlist', kind: 'userlist' }],
  type: SampleType.bool,
  valid: Valid.request,
  doc: 'Whether the credentials of the request are those of a user of the list.',
  examples: [
    { request: ANN, call: 'http_auth(people)', out: true },
    { request: TOKEN, call: 'http_auth(people)', out: null },
    { call: 'http_auth(people)', out: null },
  ],
  compile: ([list], context) => {
    const userOf = compileUser(list, context);
    return (sample, stream) => {
      const user = userOf(stream);
      return user !== NONE && sample.setBool(user >= 0);
    };
  },
});

export const httpAuthGroup = defineFetch({
  name: 'http_auth_group',
  args: [{ name: 'userlist', kind: 'userlist' }],
  type: SampleType.str,
  valid: Valid.request,
  derivatives: ['http_auth_group'],
  doc: 'The user of the list that asks. In ACLs: the groups that this user is in.',
  examples: [
    { request: ANN, call: 'http_auth_group(people)', out: 'ann' },
    { call: 'http_auth_group(people)', out: null },
  ],
  compile: ([list], context) => {
    const userOf = compileUser(list, context);
    return (sample, stream) => userOf(stream) >= 0 && sample.setText(credentials.userStart, credentials.userEnd);
  },
  checkPatterns: ([name = ''], patterns, { thread }) => {
    const list = thread.userlist(name);
    if (list === undefined) return;
    if (patterns.length === 0) throw new RuleError('http_auth_group(): no groups specified');
    for (const group of patterns) if (!list.hasGroup(group)) throw new RuleError(`http_auth_group(): invalid group '${group}'`, -1, group);
  },
  compileEach: ([list], context) => {
    const userOf = compileUser(list, context);
    return (sample, stream) => nextGroup(sample, stream, list, userOf);
  },
});

/** Group after group; the credentials are checked once, the user's number is kept in the cursor. */
function nextGroup(sample: Sample, stream: Stream, list: Userlist, userOf: (stream: Stream) => number): boolean {
  if (sample.next < 0) {
    sample.row = userOf(stream);
    sample.next = 0;
  }
  const user = sample.row;
  if (user < 0 || sample.next >= list.groupCount(user)) return false;
  const at = sample.next++;
  sample.more = sample.next < list.groupCount(user);
  return sample.setText(list.groupStart(user, at), list.groupEnd(user, at));
}

function compileText(basic: boolean, pick: (sample: Sample) => boolean, context: CompileContext): FetchStep {
  const read = compileCredentials(context.thread);
  return (sample, stream) => read(stream) && (!basic || credentials.isBasic) && pick(sample);
}

export const httpAuthUser = defineFetch({
  name: 'http_auth_user',
  args: [],
  type: SampleType.str,
  valid: Valid.request,
  doc: 'The user name of Basic credentials.',
  examples: [
    { request: ANN, call: 'http_auth_user', out: 'ann' },
    { request: TOKEN, call: 'http_auth_user', out: null },
  ],
  compile: (_, context) => compileText(true, (sample) => sample.setText(credentials.userStart, credentials.userEnd), context),
});

export const httpAuthPass = defineFetch({
  name: 'http_auth_pass',
  args: [],
  type: SampleType.str,
  valid: Valid.request,
  doc: 'The password of Basic credentials.',
  examples: [{ request: ANN, call: 'http_auth_pass', out: 'secret:x' }],
  compile: (_, context) => compileText(true, (sample) => sample.setText(credentials.passwordStart, credentials.passwordEnd), context),
});

export const httpAuthType = defineFetch({
  name: 'http_auth_type',
  args: [],
  type: SampleType.str,
  valid: Valid.request,
  doc: 'The scheme of the credentials: `Basic` or `Bearer`.',
  examples: [
    { request: ANN, call: 'http_auth_type', out: 'Basic' },
    { request: TOKEN, call: 'http_auth_type', out: 'Bearer' },
    { call: 'http_auth_type', out: null },
  ],
  compile: (_, context) => {
    const { memory } = context.thread;
    const basic = memory.intern('Basic');
    const bearer = memory.intern('Bearer');
    return compileText(
      false,
      (sample) => (credentials.isBasic ? sample.setText(basic, basic + 5) : sample.setText(bearer, bearer + 6)),
      context,
    );
  },
});

export const httpAuthBearer = defineFetch({
  name: 'http_auth_bearer',
  args: [{ name: 'header', kind: 'str', default: null }],
  type: SampleType.str,
  valid: Valid.request,
  doc: 'The token of Bearer credentials, of Authorization or of another field.',
  examples: [
    { request: TOKEN, call: 'http_auth_bearer', out: 'abc.def' },
    { request: 'GET / HTTP/1.1\r\nX-Token: Bearer x1', call: 'http_auth_bearer(X-Token)', out: 'x1' },
    { request: ANN, call: 'http_auth_bearer', out: null },
  ],
  compile: ([header], context) => {
    const { thread } = context;
    const take = (sample: Sample): boolean => !credentials.isBasic && sample.setText(credentials.dataStart, credentials.dataEnd);
    if (header === null) return compileText(false, take, context);
    const name = thread.memory.intern(header.toLowerCase());
    return (sample, { request: { headers } }) => {
      const row = headers.find(thread.bytes, name, header.length, 0);
      return row >= 0 && readCredentials(thread, headers.valueStart(row), headers.valueEnd(row)) && take(sample);
    };
  },
});
