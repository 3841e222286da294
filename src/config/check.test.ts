/** What only the whole configuration can tell: modes, loops, numbers, and with `-dD` what is never used. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseText } from './parse.ts';
import { diagnosticText } from './report/diagnostic.ts';

const TIMES = 'defaults\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n';

function said(text: string, diagnose = false): string[] {
  const { diagnostics } = parseText(TIMES + text, 'text', { environment: {}, localPeer: 'peer', diagnose });
  return diagnostics.map((diagnostic) => `${diagnostic.severity} ${(diagnostic.position?.line ?? 4) - 4} ${diagnosticText(diagnostic)}`);
}

test('what needs HTTP messages is told in TCP mode, in the words of HAProxy', () => {
  const written = [
    ['redirect location /', "'redirect' rules ignored for proxy 'l' as they require HTTP mode."],
    ['monitor-uri /x', "monitor-uri will be ignored for proxy 'l' (needs 'mode http')."],
    ['option originalto', "'option originalto' ignored for proxy 'l' as it requires HTTP mode."],
    ['option http-buffer-request', "'option http-buffer-request' ignored for proxy 'l' as it requires HTTP mode."],
    ['option http-pretend-keepalive', "'option http-pretend-keepalive' ignored for proxy 'l' as it requires HTTP mode."],
    ['balance uri', "Layer 7 hash not possible for proxy 'l' (needs 'mode http'). Falling back to round robin."],
  ] as const;
  for (const [line, text] of written) {
    assert.deepEqual(said(`listen l\n bind :1\n server s 127.0.0.1:1\n ${line}\n`), [`warning 0 ${text}`]);
    assert.deepEqual(said(`listen l\n mode http\n bind :1\n server s 127.0.0.1:1\n ${line}\n`), []);
  }
  assert.deepEqual(said('backend b\n option http-ignore-probes\n'), [
    "warning 2 'http-ignore-probes' ignored because backend 'b' has no frontend capability.",
  ]);
});

test('the fallback is taken', () => {
  const { model } = parseText('backend b\n balance hdr(host)\n', 'text', { environment: {} });
  assert.equal(model.proxies[0]?.balance?.algorithm, 'roundrobin');
});

test('a proxy that leads to itself is a loop', () => {
  assert.deepEqual(said('listen l\n bind :1\n default_backend l\n'), ["alert 3 Proxy 'l': loop detected for default_backend: 'l'."]);
  assert.deepEqual(said('listen l\n bind :1\n use_backend l if TRUE\n'), ["alert 3 Proxy 'l': loop detected for use_backend: 'l'."]);
});

test('numbers of listeners are not used twice', () => {
  assert.deepEqual(said('frontend f\n bind :1 id 5\n bind :2 id 5\n'), [
    "alert 3 'bind :2' in section 'frontend' : 'id' : custom id 5 already used at text:6 ('bind :1')",
  ]);
});

test('of thousands of missing names only some are told, soon', () => {
  let text = 'frontend f\n bind :1\n';
  for (let at = 0; at < 5000; at++) text += ` use_backend missing${at} if TRUE\n`;
  for (let at = 0; at < 5000; at++) text += `backend there${at}\n`;
  assert.equal(said(text).length, 50);
});

test('with -dD, what is never used is told, and is no warning', () => {
  const text = `frontend f
 mode http
 bind :1
 acl used path /a
 acl nested path /b
 acl both acl(nested)
 acl never path /c
 acl METH_GET path /d
 http-request deny if used !both METH_GET
 use_backend a
 use_backend b if used
 default_backend b
backend a
 mode http
 server s 127.0.0.1:1
backend b
 mode http
backend c
 mode http
 server s 127.0.0.1:1
`;
  assert.deepEqual(said(text), []);
  assert.deepEqual(said(text, true), [
    "diag 7 acl 'never' of frontend 'f' is used by no rule.",
    "diag 8 acl 'METH_GET' of frontend 'f' hides the predefined one.",
    "diag 11 use_backend 'b' of frontend 'f' stands behind one without a condition: it is never used.",
    "diag 12 default_backend 'b' of frontend 'f' is never used: a use_backend has no condition.",
    "diag 18 backend 'c' is used by no frontend.",
  ]);
  assert.deepEqual(said('frontend f\n bind :1\n tcp-request connection reject\n tcp-request connection accept\n', true), [
    "diag 4 previous 'tcp-request connection' action is final and has no condition attached, further entries are NOOP.",
  ]);
});

test('with -dD, words without effect say why', () => {
  const text = 'global\n maxpipes 5\nlisten l\n bind :1 nice 5\n option splice-auto\n server s 127.0.0.1:1 pool-low-conn 5\n';
  assert.deepEqual(said(text), []);
  assert.deepEqual(
    said(text, true).map((line) => line.slice(0, 45)),
    [
      "diag 2 'maxpipes' has no effect here: no pipes",
      "diag 4 'nice' has no effect here: the streams ",
      "diag 5 'option splice-auto' has no effect here",
      "diag 6 'pool-low-conn' has no effect here: none",
    ].map((line) => line.slice(0, 45)),
  );
});
