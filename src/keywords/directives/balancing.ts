/** How servers are chosen and kept (HAProxy configuration manual, 4.2: balance, hash-type, http-reuse, retries). */
import { balanceProblem } from '../../balance/algorithms.ts';
import type { HashTypeModel } from '../../model/config.ts';
import { type DirectiveContext, defineDirective, type ProxyDraft, type Word } from '../define.ts';

const PLAIN = ['roundrobin', 'static-rr', 'leastconn', 'first', 'source', 'random', 'uri', 'url_param', 'hdr', 'hash', 'rdp-cookie'];
const LATER = ['log-hash', 'sticky'];

export const balance = defineDirective({
  name: 'balance',
  sections: 'DLB',
  args: [
    { name: 'algorithm', kind: 'word' },
    { name: 'arguments', kind: 'rest' },
  ],
  doc: 'How a server is chosen: `roundrobin`, `static-rr`, `leastconn`, `first`, `source`, `random(draws)`, `uri`, `url_param NAME`, `hdr(NAME)`, `hash EXPRESSION`, `rdp-cookie(NAME)`. Without a line: random of two draws.',
  examples: [
    { text: 'balance roundrobin', gives: { balance: { algorithm: 'roundrobin', words: [] } } },
    { text: 'balance random(3)', gives: { balance: { algorithm: 'random', words: ['3'] } } },
    { text: 'balance random(0)', says: 'wants a number of draws above 0' },
    { text: 'balance uri depth 2', gives: { balance: { algorithm: 'uri', words: ['depth', '2'] } } },
    { text: 'balance hdr(Host)', gives: { balance: { algorithm: 'hdr', words: ['Host'] } } },
    { text: 'balance hash req.cook(sid)', gives: { balance: { algorithm: 'hash', words: ['req.cook(sid)'] } } },
    { text: 'balance url_param user', gives: { balance: { algorithm: 'url_param', words: ['user'] } } },
    { text: 'balance rdp-cookie(msts)', gives: { balance: { algorithm: 'rdp-cookie', words: ['msts'] } } },
    { text: 'balance sticky', says: "'sticky' is not supported by this version" },
    { text: 'balance roundrobbin', says: "did you mean 'roundrobin' maybe ?" },
  ],
  apply(draft, [word, rest], context) {
    const match = /^([a-z_-]+)(?:\((.*)\))?$/.exec(word.text);
    const algorithm = match?.[1] ?? word.text;
    const argument = match?.[2];
    if (LATER.includes(algorithm))
      context.error({ text: `'balance' : algorithm '${algorithm}' is not supported by this version`, word, allowed: PLAIN });
    else if (!PLAIN.includes(algorithm))
      context.error({ text: 'balance does not know this algorithm', word, found: word.text, allowed: PLAIN, near: PLAIN });
    else {
      const words = [...(argument === undefined ? [] : [argument]), ...rest.map(({ text }) => text)];
      const problem = balanceProblem(algorithm, words);
      if (problem !== null) context.error({ text: `'balance ${algorithm}' ${problem}`, word: rest[0] ?? word });
      else draft.balance = { algorithm, words, at: context.position(word) };
    }
  },
});

export const hashType = defineDirective({
  name: 'hash-type',
  sections: 'DLB',
  args: [
    { name: 'method', kind: 'choice', choices: ['map-based', 'consistent'] },
    { name: 'function', kind: 'choice', choices: ['sdbm', 'djb2', 'wt6', 'crc32', 'none', 'avalanche'], optional: true },
    { name: 'modifier', kind: 'choice', choices: ['avalanche'], optional: true },
  ],
  doc: 'How a hash chooses: modulo the weights (`map-based`) or on a ring (`consistent`), with which function.',
  examples: [
    { text: 'hash-type consistent', gives: { hashType: { method: 'consistent', algorithm: 'sdbm', avalanche: true } } },
    { text: 'hash-type map-based', gives: { hashType: { method: 'map-based', algorithm: 'sdbm', avalanche: false } } },
    { text: 'hash-type consistent djb2 avalanche', gives: { hashType: { algorithm: 'djb2', avalanche: true } } },
    { text: 'hash-type foo', says: "allowed: 'map-based', 'consistent'" },
  ],
  apply(draft, [method, given, modifier], context) {
    const algorithm = given === null || given === 'avalanche' ? 'sdbm' : (given as HashTypeModel['algorithm']);
    const avalanche = given === null ? method === 'consistent' : given === 'avalanche' || modifier === 'avalanche';
    draft.hashType = { method, algorithm, avalanche, at: context.at };
  },
});

export const httpReuse = defineDirective({
  name: 'http-reuse',
  sections: 'DLB',
  args: [{ name: 'mode', kind: 'choice', choices: ['never', 'safe', 'aggressive', 'always'] }],
  doc: 'When an idle server connection may serve the request of another client: `safe` not for the first request of a client.',
  examples: [
    { text: 'http-reuse always', gives: { httpReuse: 'always' } },
    { text: 'http-reuse foo', says: "allowed: 'never', 'safe', 'aggressive', 'always'" },
  ],
  apply(draft, [how]) {
    draft.httpReuse = how;
  },
});

export const retries = defineDirective({
  name: 'retries',
  sections: 'DLB',
  args: [{ name: 'count', kind: 'integer', min: 0, max: 1000 }],
  doc: 'How often a connection to a server is tried again; 3 if unset.',
  examples: [
    { text: 'retries 2', gives: { retries: 2 } },
    { text: 'retries x', says: "'retries' expects an integer argument" },
  ],
  apply(draft, [count]) {
    draft.retries = count;
  },
});

export const source = defineDirective({
  name: 'source',
  sections: 'DLB',
  args: [
    { name: 'address', kind: 'word' },
    { name: 'more', kind: 'rest' },
  ],
  doc: 'Address, and port, from which servers are connected to and checked, unless their lines have a `source`; `0.0.0.0` leaves it to the system. Transparent proxying (`usesrc`) and `interface` are refused.',
  examples: [
    { text: 'source 127.0.0.2', gives: { source: { family: 4, port: 0 } } },
    { text: 'source 127.0.0.2:1024', gives: { source: { family: 4, port: 1024 } } },
    { text: 'source ::1', gives: { source: { family: 6, port: 0 } } },
    { text: 'source somewhere', says: "'somewhere' is a name: an IP address is needed here" },
    { text: 'source 0.0.0.0 usesrc client', says: "'source' : 'usesrc' is not supported by this version" },
    { text: 'source 0.0.0.0 nonsense', says: "'source' : unexpected 'nonsense'" },
  ],
  apply(draft, [address, more], context) {
    const [next] = more;
    if (next === undefined) draft.source = context.literalAddress(address);
    else if (next.text === 'usesrc' || next.text === 'interface')
      context.error({ text: `'source' : '${next.text}' is not supported by this version`, word: next });
    else context.error({ text: `'source' : unexpected '${next.text}'`, word: next, allowed: ['usesrc', 'interface'] });
  },
});

const RETRY_EVENTS =
  'none conn-failure empty-response junk-response response-timeout 0rtt-rejected all-retryable-errors 401 403 404 408 421 425 429 500 501 502 503 504'.split(
    ' ',
  );

export const retryOn = defineDirective({
  name: 'retry-on',
  sections: 'DLB',
  args: [
    { name: 'event', kind: 'word' },
    { name: 'more', kind: 'rest' },
  ],
  doc: 'Which failures are tried again; connections that fail, if nothing is said. A request that a server has had is sent again if it came whole with its head (or was waited for: http-buffer-request). `0rtt-rejected`: what was sent before the handshake was done (`allow-0rtt` of `server`) was refused, answered with 425, or, if its method is safe, not answered.',
  examples: [
    { text: 'retry-on conn-failure', gives: { retryOn: ['conn-failure'] } },
    { text: 'retry-on none', gives: { retryOn: ['none'] } },
    { text: 'retry-on foo', says: "'retry-on': unknown keyword 'foo'" },
    { text: 'retry-on 503 empty-response', gives: { retryOn: ['503', 'empty-response'] } },
    { text: 'retry-on none 503', says: "'none' stands alone" },
  ],
  apply(draft, [event, more], context) {
    const words = [event, ...more];
    const wrong = words.find((word) => !RETRY_EVENTS.includes(word.text) || (word.text === 'none' && words.length > 1));
    if (wrong === undefined) draft.retryOn = words.map((word) => word.text);
    else if (wrong.text === 'none') context.error({ text: "'retry-on': 'none' stands alone", word: wrong });
    else context.error({ text: `'retry-on': unknown keyword '${wrong.text}'`, word: wrong, near: RETRY_EVENTS });
  },
});

export const redispatch = defineDirective({
  name: 'option redispatch',
  sections: 'DLB',
  negatable: true,
  args: [{ name: 'interval', kind: 'integer', min: -1000, max: 1000, optional: true }],
  doc: 'A retry may go to another server than the one that a cookie named or a hash gave: the last retry only, or every Nth. Retries of all others go to another server at once; with `no` every retry is for the same server, behind a pause. 0 means none of those that are bound, ever.',
  examples: [
    { text: 'option redispatch', gives: { redispatch: -1 } },
    { text: 'option redispatch 1', gives: { redispatch: 1 } },
    { text: 'no option redispatch', gives: { redispatch: 0 } },
    { text: 'option redispatch x', says: 'expects an integer argument' },
  ],
  apply(draft, [interval], { prefix }) {
    const every = interval === null ? -1 : interval;
    draft.redispatch = prefix !== null ? 0 : every === 0 ? null : every;
  },
});

export const cookie = defineDirective({
  name: 'cookie',
  sections: 'DLB',
  args: [
    { name: 'name', kind: 'word' },
    { name: 'options', kind: 'rest' },
  ],
  doc: "Keeps a client on its server by a cookie: `insert` ours, `rewrite` or `prefix` the application's, or only read it.",
  examples: [
    {
      text: 'cookie SERVER insert indirect nocache',
      gives: { cookie: { name: 'SERVER', mode: 'insert', indirect: true, nocache: true, postonly: false } },
    },
    { text: 'cookie SRV', gives: { cookie: { mode: 'passive' } } },
    { text: 'cookie S insert maxidle 30m maxlife 8h', gives: { cookie: { maxidleS: 1800, maxlifeS: 28800 } } },
    {
      text: 'cookie S insert domain .a.org domain b.org attr SameSite=Lax',
      gives: { cookie: { domains: ['.a.org', 'b.org'], attributes: ['SameSite=Lax'] } },
    },
    { text: 'cookie S insert rewrite', says: "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible." },
    { text: 'cookie S rewrite indirect', says: "cookie 'rewrite' and 'indirect' modes are incompatible." },
    { text: 'cookie S preserve', says: "cookie 'preserve' requires at least 'insert' or 'indirect'." },
    { text: 'cookie S foo', says: "'cookie' does not support 'foo'" },
    { text: 'cookie S insert dynamic', says: "'dynamic' is not supported by this version" },
  ],
  apply(draft, [name, options], context) {
    new CookieLine(draft, name, context).read(options);
  },
});

type CookieDraft = NonNullable<ProxyDraft['cookie']>;
const COOKIE_FLAGS = ['indirect', 'nocache', 'postonly', 'preserve', 'httponly', 'secure'] as const;
const COOKIE_WORDS = ['insert', 'rewrite', 'prefix', ...COOKIE_FLAGS, 'maxidle', 'maxlife', 'domain', 'attr'];

class CookieLine {
  readonly #draft: ProxyDraft;
  readonly #name: Word;
  readonly #context: DirectiveContext;
  readonly #cookie: CookieDraft;

  constructor(draft: ProxyDraft, name: Word, context: DirectiveContext) {
    this.#draft = draft;
    this.#name = name;
    this.#context = context;
    const flags = { indirect: false, nocache: false, postonly: false, preserve: false, httponly: false, secure: false };
    this.#cookie = {
      name: name.text,
      at: context.position(name),
      mode: 'passive',
      ...flags,
      maxidleS: null,
      maxlifeS: null,
      domains: [],
      attributes: [],
    };
  }

  read(options: readonly Word[]): void {
    for (let at = 0; at < options.length; ) {
      const taken = this.#option(options[at] as Word, options[at + 1]);
      if (taken === 0) return;
      at += taken;
    }
    const { mode, indirect, preserve } = this.#cookie;
    if (mode === 'rewrite' && indirect) this.#fail("cookie 'rewrite' and 'indirect' modes are incompatible.", this.#name);
    else if (preserve && mode !== 'insert' && !indirect)
      this.#fail("cookie 'preserve' requires at least 'insert' or 'indirect'.", this.#name);
    else this.#draft.cookie = this.#cookie;
  }

  /** How many words it took; 0 after a complaint. */
  #option(word: Word, value: Word | undefined): number {
    const cookie = this.#cookie;
    const flag = COOKIE_FLAGS.find((name) => name === word.text);
    if (flag !== undefined) {
      cookie[flag] = true;
      return 1;
    }
    switch (word.text) {
      case 'insert':
      case 'rewrite':
      case 'prefix':
        if (cookie.mode !== 'passive' && cookie.mode !== word.text)
          return this.#fail("cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.", word);
        cookie.mode = word.text;
        return 1;
      case 'maxidle':
      case 'maxlife':
        return this.#time(word.text, value);
      case 'domain':
      case 'attr':
        return this.#text(word, value);
      case 'dynamic':
        return this.#fail("'cookie' : 'dynamic' is not supported by this version", word);
      default:
        this.#context.error({ text: `'cookie' does not support '${word.text}'`, word, allowed: COOKIE_WORDS, near: COOKIE_WORDS });
        return 0;
    }
  }

  #time(name: 'maxidle' | 'maxlife', value: Word | undefined): number {
    const timeMs = this.#context.time(value, name, 's');
    if (timeMs === null) return 0;
    this.#cookie[`${name}S`] = Math.floor(timeMs / 1000);
    return 2;
  }

  #text(word: Word, value: Word | undefined): number {
    if (value === undefined) return this.#fail(`'cookie' expects a value behind '${word.text}'`, word);
    if (!/^[ -:<-~\x80-\xff]*$/.test(value.text))
      return this.#fail(`'${word.text}' : '${value.text}' holds a character that is not permitted in a cookie`, value);
    if (word.text === 'domain' && !value.text.slice(1).includes('.'))
      this.#context.warn(`domain '${value.text}' contains no embedded dot, this configuration may not work properly (see RFC6265#5.2.3).`);
    (word.text === 'domain' ? this.#cookie.domains : this.#cookie.attributes).push(value.text);
    return 2;
  }

  #fail(text: string, word: Word): 0 {
    this.#context.error({ text, word });
    return 0;
  }
}
