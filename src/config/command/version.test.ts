/** What the program says about itself. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogs } from '../../keywords/catalogs.ts';
import { evaluateCondition } from '../conditions.ts';
import { registry } from '../registry.ts';
import { featureNames, hasFeature, versionText } from './version.ts';

test('a feature is there if its keywords are', () => {
  const { bind, global, proxy } = registry();
  const works = (keyword: { readonly noEffect?: string } | undefined): boolean => keyword !== undefined && keyword.noEffect === undefined;
  const expected: Record<string, boolean> = {
    OPENSSL: works(bind.get('ssl')) && works(bind.get('crt')),
    LUA: works(global.get('lua-load')),
    NS: works(bind.get('namespace')),
    TFO: works(bind.get('tfo')),
    SLZ: works(proxy.get('compression')),
    PROMEX: catalogs.actions.some(({ name }) => name === 'use-service'),
    LINUX_TPROXY: works(bind.get('transparent')),
  };
  for (const [name, isThere] of Object.entries(expected)) assert.equal(hasFeature(name), isThere, `feature ${name}`);
});

test('every feature is listed once, with its sign, in order', () => {
  const { present, absent } = featureNames();
  const list = /^Feature list : (.*)$/m.exec(versionText(true, '26.0.0', 'Linux'))?.[1]?.split(' ') ?? [];
  assert.deepEqual(
    list.filter((word) => word.startsWith('+')).map((word) => word.slice(1)),
    [...present].sort(),
  );
  assert.deepEqual(
    list.filter((word) => word.startsWith('-')).map((word) => word.slice(1)),
    [...absent].sort(),
  );
  assert.deepEqual(new Set(list.map((word) => word.slice(1))).size, list.length);
});

test('-v begins as tools expect, -vv names the TLS library', () => {
  assert.match(versionText(false, '26.0.0', 'Linux'), /^HAProxy version \d+\.\d+\.\d+/);
  assert.match(versionText(true, '26.0.0', 'Linux'), /^Built with OpenSSL version : OpenSSL \d+\.\d+\.\d+$/m);
});

test('conditions on the TLS library', () => {
  const holds = (text: string): unknown => evaluateCondition(text, { environment: new Map() });
  assert.deepEqual(holds('openssl_version_atleast(1.1.1)'), { value: true });
  assert.deepEqual(holds('openssl_version_before(3.0.0)'), { value: false });
  assert.deepEqual(holds('openssl_version_before(99.0.0)'), { value: true });
  assert.deepEqual(holds('ssllib_name_startswith(OpenSSL)'), { value: true });
  assert.deepEqual(holds('ssllib_name_startswith(LibreSSL)'), { value: false });
  assert.deepEqual(holds('feature(OPENSSL)'), { value: true });
});
