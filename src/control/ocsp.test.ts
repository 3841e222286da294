/** OCSP: which responses are taken, when servers are asked, what is logged; hostile answers. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { type Made, makeCertificate } from '../../test/support/certificates.ts';
import { type Answer, ocspResponse } from '../../test/support/ocsp.ts';
import { bytes, openWorld, type Wanted, type World } from '../../test/support/tls-world.ts';
import { heldNatives } from '../platform/tls/pem.ts';
import { HandClock } from './hand-clock.fixture.ts';
import type { OcspHttpAnswer, OcspQuestion } from './ocsp-client.ts';
import { partsOf } from './ocsp-responses.ts';
import { UPDATE_COLUMNS, updateColumns } from './ocsp-updates.ts';

const authority = makeCertificate({ names: ['authority.test'], isAuthority: true });
const stranger = makeCertificate({ names: ['stranger.test'], isAuthority: true });
const responder = 'http://127.0.0.1:1/ocsp';
const site = makeCertificate({ names: ['site.test'], responder }, authority);
const other = makeCertificate({ names: ['other.test'], responder }, authority);
const entitled = makeCertificate({ names: ['responder.test'], answers: true }, authority);
const chainOf = (made: Made): string => made.pem + authority.certificate;
const base64 = (response: Uint8Array): Uint8Array => bytes(Buffer.from(response).toString('base64'));

after(() => assert.equal(heldNatives(), 0, 'objects of OpenSSL are left'));

test('a response is taken for the certificate it is about, in all files that have it', async () => {
  using open = openWorld({
    files: { 'a.pem': chainOf(site), 'b.pem': chainOf(site), 'c.pem': chainOf(other) },
    bind: 'crt $D/a.pem crt $D/b.pem crt $D/c.pem',
  });
  const { responses } = open.control;
  assert.deepEqual([...responses.entries.keys()], []);
  assert.equal((await responses.set(base64(ocspResponse(authority, site)))).text, 'OCSP Response updated!');
  const [change] = open.published;
  assert.ok(change?.kind === 'response');
  assert.deepEqual(
    change.files.map(({ path }) => path),
    [`${open.at}/a.pem`, `${open.at}/b.pem`],
  );
  assert.match(responses.text(`${open.at}/b.pem`) ?? '', /Cert Status: good/);
  const entry = responses.find(`${open.at}/a.pem`);
  assert.ok(entry !== null);
  assert.match(entry.key, /^303[a-f0-9]+$/);
  assert.equal(responses.find(entry.key), entry);
  assert.equal(partsOf(entry).serial, (0x4000_0000 + site.serial).toString(16).toUpperCase());
  assert.equal(partsOf(entry).issuerName.length, 40);
  // Revoked ones are shown as well: clients shall know.
  assert.ok((await responses.set(base64(ocspResponse(authority, site, { state: 'revoked' })))).isDone);
  assert.match(responses.text(entry.key) ?? '', /Cert Status: revoked/);
});

test('what is no good response is refused with the reason', async () => {
  using open = openWorld({ files: { 'a.pem': chainOf(site) }, bind: 'crt $D/a.pem' });
  const { responses } = open.control;
  const why = async (answer: Answer): Promise<string> => (await responses.set(base64(ocspResponse(authority, site, answer)))).text;
  assert.match((await responses.set(new Uint8Array(0))).text, /expects response in base64/);
  assert.match((await responses.set(bytes('xx!'))).text, /invalid base64/);
  assert.match((await responses.set(bytes('AAAA'))).text, /Unable to parse OCSP response/);
  assert.match(await why({ state: 'unknown' }), /status is unknown/);
  assert.match(await why({ untilS: null }), /missing nextupdate/);
  assert.match(await why({ fromS: -9000, untilS: -4000 }), /no longer valid/);
  assert.match(await why({ fromS: 9000, untilS: 10_000 }), /not yet/);
  assert.match((await responses.set(base64(ocspResponse(authority, stranger)))).text, /does not match any certificate/);
  // OCSPResponseStatus tryLater (RFC 6960 4.2.1).
  assert.match((await responses.set(base64(Buffer.from('30030a0103', 'hex')))).text, /status not successful/);
  open.refusal = 'threads say no';
  assert.equal((await responses.set(base64(ocspResponse(authority, site)))).text, 'threads say no');
  assert.deepEqual(open.published, []);
});

/** A world whose servers are asked through `answers`, and whose clock stands still. */
class Updated implements Disposable {
  readonly clock = new HandClock();
  readonly asked: OcspQuestion[] = [];
  readonly open: World;
  answer: (question: OcspQuestion) => OcspHttpAnswer | Error;

  constructor(wanted: Partial<Wanted>, answer: (question: OcspQuestion) => OcspHttpAnswer | Error) {
    this.answer = answer;
    const ask = async (question: OcspQuestion): Promise<OcspHttpAnswer> => {
      this.asked.push(question);
      const answered = this.answer(question);
      if (answered instanceof Error) throw answered;
      return answered;
    };
    const now = (): number => START_MS + this.clock.now();
    const files = { 'a.pem': chainOf(site), ...wanted.files };
    this.open = openWorld({ bind: 'crt $D/a.pem', global: 'ocsp-update.mode on', ...wanted, files, clock: this.clock, now, ask });
    this.open.control.start();
  }

  /** Moves the clock and lets what follows happen. */
  async advance(seconds: number): Promise<void> {
    this.clock.advance(seconds * 1000);
    for (let turn = 0; turn < 20; turn++) await Promise.resolve();
  }

  /** The number of the next update's seconds from now. */
  get nextS(): number {
    const [first] = this.open.control.updates.list();
    return Math.round(((first?.nextMs ?? 0) - START_MS - this.clock.now()) / 1000);
  }

  [Symbol.dispose](): void {
    this.open[Symbol.dispose]();
  }
}

const START_MS = Date.now();
const sound = (answer: Answer = {}, about: Made = site): OcspHttpAnswer => ({
  status: 200,
  isTyped: true,
  body: new Uint8Array(ocspResponse(authority, about, answer)),
});

test('a response is fetched at once, then before it ends, at least and at most so often', async () => {
  using world = new Updated({}, () => sound({ untilS: 1800 }));
  const { open } = world;
  await world.advance(0);
  const path = `${open.at}/a.pem`;
  assert.equal(world.asked.length, 1);
  assert.equal(world.asked[0]?.uri, responder);
  assert.deepEqual(open.logged, [`<OCSP-UPDATE> ${path} 1 "Update successful" 0 1`]);
  assert.equal(open.published.length, 1);
  // A minute before it ends.
  assert.ok(Math.abs(world.nextS - 1740) <= 2, `${world.nextS}`);
  world.answer = () => sound({ untilS: 30 });
  await world.advance(1741);
  assert.equal(world.asked.length, 2);
  assert.ok(Math.abs(world.nextS - 300) <= 2, `${world.nextS}`);
  world.answer = () => sound({ untilS: 90_000 });
  await world.advance(301);
  assert.equal(world.asked.length, 3);
  assert.ok(Math.abs(world.nextS - 3600) <= 2, `${world.nextS}`);
  await world.advance(3500);
  assert.equal(world.asked.length, 3);
  const [update] = open.control.updates.list();
  assert.ok(update !== undefined);
  const [key, file, next, last, ...rest] = updateColumns(update, 0);
  assert.equal(key, update.entry.key);
  assert.equal(file, path);
  for (const time of [next, last]) assert.match(time ?? '', /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
  assert.deepEqual(rest, ['3', '0', '1', 'Update successful']);
  assert.equal(UPDATE_COLUMNS.length, 8);
  assert.deepEqual(open.control.certificates.show(path, false)?.fields.at(-1), ['OCSP Response Key', update.entry.key]);
});

test('after failures it waits longer and longer, and the old response stays', async () => {
  using world = new Updated(
    { global: 'ocsp-update.mode on\n  ocsp-update.mindelay 10\n  ocsp-update.maxdelay 600' },
    () => new Error('refused'),
  );
  const { open } = world;
  const path = `${open.at}/a.pem`;
  const waits: number[] = [];
  await world.advance(0);
  for (let turn = 0; turn < 4; turn++) {
    waits.push(world.nextS);
    await world.advance(world.nextS);
  }
  assert.deepEqual(waits, [120, 240, 480, 600]);
  assert.equal(open.logged.at(-1), `<OCSP-UPDATE> ${path} 2 "HTTP error" 5 0`);
  world.answer = () => sound({ untilS: 900_000 });
  await world.advance(600);
  assert.equal(open.logged.at(-1), `<OCSP-UPDATE> ${path} 1 "Update successful" 5 1`);
  world.answer = () => new Error('refused');
  await world.advance(600);
  assert.equal(world.nextS, 600);
  assert.match(open.control.responses.text(path) ?? '', /Cert Status: good/);
});

test('hostile answers are refused, logged, and change nothing', async () => {
  using world = new Updated({}, () => new Error('none yet'));
  const { open } = world;
  const path = `${open.at}/a.pem`;
  await world.advance(0);
  const told = async (answer: OcspHttpAnswer): Promise<string> => {
    world.answer = () => answer;
    await world.advance(world.nextS);
    return /(\d ".*") \d+ \d+$/.exec(open.logged.at(-1) ?? '')?.[1] ?? '';
  };
  const raw = (body: Uint8Array): OcspHttpAnswer => ({ status: 200, isTyped: true, body });
  assert.equal(await told({ ...sound(), status: 500 }), '2 "HTTP error"');
  assert.equal(await told({ ...sound(), isTyped: false }), '3 "Missing "ocsp-response" header"');
  assert.equal(await told(raw(new Uint8Array(0))), '4 "OCSP response check failure (Unable to parse OCSP response)"');
  assert.equal(await told(raw(new Uint8Array(60_000).fill(0x30))), '4 "OCSP response check failure (Unable to parse OCSP response)"');
  assert.match(await told(sound({ by: stranger })), /^4 "OCSP response check failure \(OCSP response verification failed: /);
  assert.match(await told(sound({ by: site, with: site })), /^4 .*verification failed/);
  assert.match(await told(sound({}, other)), /^4 .*does not match any certificate/);
  assert.match(await told(sound({ fromS: -9000, untilS: -4000 })), /^4 .*no longer valid/);
  const broken = sound().body.slice();
  broken[broken.length - 3] = (broken[broken.length - 3] as number) ^ 1;
  assert.match(await told(raw(broken)), /^4 /);
  for (let cut = 1; cut < 200; cut += 13) assert.match(await told(raw(sound().body.slice(0, cut))), /^4 /);
  assert.deepEqual(open.published, []);
  open.refusal = 'no room';
  assert.equal(await told(sound()), '5 "Error during insertion (no room)"');
  open.refusal = null;
  assert.equal(await told(sound({ by: entitled, with: entitled })), '1 "Update successful"');
  assert.equal(open.published.length, 1);
  assert.match(open.control.responses.text(path) ?? '', /Responder Id: CN\s*=\s*responder.test/);
});

test('who is asked: as the line says, else the global section; nobody where it is disabled', async () => {
  const silent = { ...sound(), status: 404 };
  const list = '$D/a.pem [ocsp-update off]\n$D/b.pem [ocsp-update on]\n$D/c.pem\n';
  const files = { 'b.pem': chainOf(other), 'c.pem': makeCertificate({ names: ['none.test'] }, authority).pem, list };
  const bind = 'crt-list $D/list';
  using on = new Updated({ files, bind }, () => silent);
  for (let turn = 0; turn < 3; turn++) await on.advance(0);
  assert.equal(on.asked.length, 1);
  assert.match(on.open.logged[0] ?? '', /b.pem 2 "HTTP error" 1 0/);
  using disabled = new Updated({ files, bind, global: 'ocsp-update.disable on' }, () => silent);
  await disabled.advance(0);
  assert.equal(disabled.asked.length, 0);
});

test('a certificate whose issuer is not known is told of', async () => {
  using world = new Updated({ files: { 'a.pem': site.pem } }, () => sound());
  await world.advance(10);
  assert.equal(world.asked.length, 0);
  assert.match(world.open.logged[0] ?? '', /a.pem 0 "Unknown \(who signed the certificate is not known\)" 0 0/);
});

test('many certificates are looked at in turns', async () => {
  const names = Array.from({ length: 120 }, (_, number) => `${number}.pem`);
  const files = Object.fromEntries(names.map((name) => [name, chainOf(makeCertificate({ names: [name], responder }, authority))]));
  const list = `${names.map((name) => `$D/${name}`).join('\n')}\n`;
  using world = new Updated({ files: { ...files, list }, bind: 'crt-list $D/list' }, () => new Error('none'));
  assert.equal(world.open.control.updates.list().length, 50);
  await world.advance(0);
  assert.equal(world.open.control.updates.list().length, 120);
});

test('one is asked at a time, and once by hand', async () => {
  using world = new Updated({ files: { 'b.pem': chainOf(other) }, bind: 'crt $D/a.pem crt $D/b.pem', global: '' }, () => sound());
  const { updates } = world.open.control;
  await world.advance(10);
  assert.equal(world.asked.length, 0);
  assert.match(updates.update('none').text, /Unknown certificate!.*\nCan't send ocsp request for none!/);
  assert.ok(updates.update(`${world.open.at}/a.pem`).isDone);
  await world.advance(0);
  assert.equal(world.asked.length, 1);
  assert.deepEqual(updates.list(), []);
  await world.advance(100_000);
  assert.equal(world.asked.length, 1);
  world.answer = (question) => sound({}, question === world.asked[1] ? site : other);
  assert.ok(updates.update(`${world.open.at}/a.pem`).isDone);
  assert.ok(updates.update(`${world.open.at}/b.pem`).isDone);
  world.clock.advance(0);
  assert.equal(world.asked.length, 2);
  await world.advance(0);
  await world.advance(0);
  assert.equal(world.asked.length, 3);
  assert.deepEqual(
    world.open.logged.map((line) => / (\d) "/.exec(line)?.[1]),
    ['1', '1', '1'],
  );
});

test('a certificate that is exchanged is asked about anew, also while an answer is on its way', async () => {
  using world = new Updated({}, () => sound());
  const { open } = world;
  const path = `${open.at}/a.pem`;
  await world.advance(0);
  open.control.certificates.set(path, bytes(chainOf(other)));
  assert.ok((await open.control.certificates.commit(path)).isDone);
  world.answer = () => {
    open.control.certificates.set(path, bytes(chainOf(site)));
    void open.control.certificates.commit(path);
    return sound({}, other);
  };
  await world.advance(0);
  // What was told of the old one is not for the new.
  const responses = open.published.filter((change) => change.kind === 'response').slice(1);
  for (const { files } of responses) assert.ok(files.every((file) => Buffer.from(file.bytes).toString() === chainOf(other)));
  assert.equal(open.control.responses.find(path)?.response ?? null, null);
  world.answer = () => sound();
  await world.advance(0);
  assert.match(open.logged.at(-1) ?? '', /1 "Update successful" 0 1/);
  assert.equal(open.control.updates.list().length, 1);
  assert.match(open.control.responses.text(path) ?? '', /Cert Status: good/);
});
