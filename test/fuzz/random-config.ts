/**
 * Random configurations that are valid: rules, conditions, expressions, log formats, stick tables and maps put together from the
 * examples of the keywords. What the parser or the builder refuses is left out, line by line. It must not know how traffic is made.
 */
import assert from 'node:assert/strict';
import { plainMemory } from '../../src/base/memory.ts';
import { buildState } from '../../src/build/build.ts';
import { layoutOf, planOf } from '../../src/build/plan.ts';
import { parseText } from '../../src/config/parse.ts';
import { catalogs } from '../../src/keywords/catalogs.ts';
import { readExample } from '../../src/keywords/examples.ts';
import type { World } from '../../src/platform/sim/world.ts';
import { PatternStore } from '../../src/rules/patterns/store.ts';
import { allocateShared, Shared } from '../../src/state/shared.ts';
import { DATA_INFOS } from '../../src/stick/data.ts';
import { pick } from '../sim/exchange.ts';

export const FRONT_PORT = 8000;
export const RAW_PORT = 8001;
export const LISTEN_PORT = 8002;
/** Clients begin with a PROXY header. */
export const PROXY_PORT = 8003;

const FETCHES = catalogs.samples.flatMap(({ examples }) => examples.filter(({ raw }) => raw === undefined).map(({ call }) => call));
const CONVERTERS = catalogs.converters.flatMap(({ examples }) => examples.map(({ call }) => call));
const ALIASES = catalogs.aliases.flatMap(({ examples }) => examples.map(({ format }) => format));
const MATCHERS = catalogs.matchers.flatMap(({ name, examples }) => examples.map(({ patterns }) => [name, patterns] as const));
/** Words without arguments, which conditions know by names of their own. */
const CRITERIA = catalogs.samples.flatMap(({ derivatives }) => derivatives).filter((name) => !name.includes(':'));
/** They end a request: conditions keep most requests from them. */
const ENDING = /^(deny|return|auth|tarpit|silent-drop|close|allow|accept|reject|redirect)$/;
const VALUES = [
  'req.hdr(x-a)',
  'path',
  'src',
  'url_param(a)',
  'req.body',
  'var(txn.v)',
  'var(req.w)',
  'cook(b)',
  'res.hdr(x-b)',
  'status',
  'rand(3)',
  'int(7)',
  'hdr(host)',
  'method',
  'req.hdrs',
  'base32',
  'query',
  'unique-id',
];
const SCOPES = ['proc', 'sess', 'txn', 'req', 'res'];
const RULE_SETS = [
  'tcp-request connection', 'tcp-request session', 'tcp-request content', 'tcp-request content', 'tcp-response content', 'http-request', 'http-request',
  'http-request', 'http-request', 'http-response', 'http-response', 'http-after-response',
]; // biome-ignore format: one list

/** As a word of the configuration. */
function quoted(word: string): string {
  return /^[\w%+(),.:/[\]-]+$/.test(word) ? word : `"${word.replace(/["\\$]/g, '\\$&')}"`;
}

class Author {
  readonly #dice: World;

  constructor(dice: World) {
    this.#dice = dice;
  }

  expression(): string {
    const dice = this.#dice;
    const fetch = dice.chance(2) ? pick(dice, VALUES) : pick(dice, FETCHES);
    const converters = Array.from({ length: dice.random(4) - 1 }, () => pick(dice, CONVERTERS));
    return [fetch, ...converters].join(',');
  }

  format(): string {
    const dice = this.#dice;
    const parts = Array.from({ length: 1 + dice.random(4) }, () => {
      const flags = dice.chance(4) ? pick(dice, ['{+Q}', '{+X}', '{+E}', '{-M}', '{+Q,+E}']) : '';
      if (dice.chance(3)) return pick(dice, ['a b', '-', '%%', '"', '/', 'x'.repeat(200), '\\r\\n', ':']);
      return dice.chance(3) ? pick(dice, ALIASES) : `%${flags}[${this.expression()}]`;
    });
    return parts.join(pick(dice, ['', ' ', ',']));
  }

  /** Words behind `if`. */
  condition(): string {
    const dice = this.#dice;
    const terms = Array.from({ length: 1 + dice.random(3) }, () => {
      const not = dice.chance(4) ? '!' : '';
      const kind = dice.random(5);
      if (kind === 0)
        return not + pick(dice, ['METH_GET', 'METH_POST', 'HTTP_1.1', 'TRUE', 'LOCALHOST', 'HTTP_CONTENT', 'WAIT_END', 'REQ_CONTENT']);
      if (kind === 1) return `${not}{ rand(${1 + dice.random(4)}) 0 }`;
      if (kind === 2)
        return `${not}{ ${pick(dice, CRITERIA)} ${pick(dice, ['-i a', '/ /x', '1:', 'gt 0', '-f blocked.lst', '^/[a-z]+', '127.0.0.0/8'])} }`;
      const [matcher, patterns] = pick(dice, MATCHERS);
      return `${not}{ ${quoted(this.expression())} -m ${matcher} ${dice.chance(4) ? '-i' : ''} -- ${patterns.map(quoted).join(' ')} }`;
    });
    return terms.join(pick(dice, [' ', ' or ', ' ']));
  }

  rule(set: string): string {
    const dice = this.#dice;
    const [action, rest] = this.#action(set);
    const isEnding = ENDING.test(action);
    const when = isEnding || dice.chance(2) ? ` if ${this.condition()}${isEnding ? ` { rand(${2 + dice.random(6)}) 0 }` : ''}` : '';
    return `${set} ${action} ${rest}${when}`;
  }

  #action(set: string): [action: string, rest: string] {
    const dice = this.#dice;
    const name = pick(dice, SCOPES);
    const isHttp = set.startsWith('http');
    switch (dice.random(9)) {
      case 0:
        return [`set-var(${name}.${pick(dice, ['v', 'w', 'x'])})`, quoted(this.expression())];
      case 1:
        return [`set-var-fmt(${name}.${pick(dice, ['v', 'w', 'x'])})`, quoted(this.format())];
      case 2:
        return isHttp
          ? [
              pick(dice, ['set-header', 'add-header', 'del-header']),
              `${pick(dice, ['x-a', 'x-b', 'host', 'cookie', 'server', 'vary', 'content-type'])} ${quoted(this.format())}`,
            ]
          : [`track-sc${dice.random(4)}`, `${quoted(this.expression())} table ${pick(dice, ['web', 'many', 'texts', 'numbers'])}`];
      case 3:
        return isHttp
          ? [
              pick(dice, ['replace-header', 'replace-value']),
              `x-a ${pick(dice, ['(.*)', '(a+)', '^(.)(.*)$', ','])} ${quoted(`\\1${this.format()}\\1`)}`,
            ]
          : ['set-var(txn.v)', 'req.len'];
      default: {
        const actions = catalogs.actions.filter(({ ruleSets }) => ruleSets.includes(set));
        const rule = pick(dice, pick(dice, actions).examples).rule;
        const words = rule.replace(/^(?:tcp-\S+ \S+|http-\S+) /, '');
        const [action = '', ...more] = words.split(' ');
        const rest = more.join(' ').replace(/%\[[^\]]*\]/g, () => (dice.chance(2) ? `%[${pick(dice, VALUES)}]` : '%[path]'));
        return [action, rest];
      }
    }
  }

  rules(count: number, sets: readonly string[]): string[] {
    return Array.from({ length: this.#dice.random(count) }, () => this.rule(pick(this.#dice, sets)));
  }

  table(type: string): string {
    const dice = this.#dice;
    const stored = DATA_INFOS.filter(() => dice.chance(type === 'ip' ? 2 : 4)).map(({ name, isArray }) => {
      const count = isArray ? `(${1 + dice.random(3)}${name.endsWith('_rate') ? ',10s' : ''})` : name.endsWith('_rate') ? '(10s)' : '';
      return name + count;
    });
    return `stick-table type ${type} size ${pick(dice, ['2', '10', '1k'])} expire ${pick(dice, ['50ms', '10s'])} ${stored.length === 0 ? '' : `store ${stored.join(',')}`}`;
  }

  logs(): string[] {
    const dice = this.#dice;
    const lines = [
      `log 127.0.0.1:514 ${pick(dice, ['', 'len 80', 'len 8192', 'format rfc5424', 'format rfc5424 len 120', 'format raw'])} local0`,
    ];
    if (dice.chance(3)) lines.push('log stdout format short daemon');
    lines.push(
      pick(dice, [
        'option httplog',
        'option tcplog',
        `log-format ${quoted(this.format())}`,
        `log-format ${quoted(`${this.format()} ${this.format()}`)}`,
      ]),
    );
    if (dice.chance(3)) lines.push(`error-log-format ${quoted(this.format())}`);
    if (dice.chance(3)) lines.push(`log-format-sd ${quoted(`[a b="${this.format()}"]`)}`);
    if (dice.chance(3)) lines.push(pick(dice, ['option logasap', 'option log-separate-errors', 'option dontlognull', 'log-steps any']));
    return lines;
  }

  proxies(): string[] {
    const dice = this.#dice;
    const some = (choices: readonly string[]): string[] => choices.filter(() => dice.chance(3));
    const httpOnly = RULE_SETS.filter((set) => set.startsWith('http'));
    const fronts = RULE_SETS.filter((set) => !set.startsWith('tcp-response'));
    const backs = RULE_SETS.filter((set) => !/connection|session/.test(set));
    const raws = RULE_SETS.filter((set) => set.startsWith('tcp') && !set.startsWith('tcp-response'));
    const inspect = (): string[] =>
      some([`tcp-request inspect-delay ${1 + dice.random(300)}ms`, `tcp-response inspect-delay ${1 + dice.random(300)}ms`]);
    return [
      'frontend web', `bind :${FRONT_PORT}`, this.table('ip'), ...this.logs(), ...inspect(), ...some(OPTIONS),
      ...some(['capture request header host len 20', 'capture request header x-a len 600', 'capture response header server len 9', 'capture cookie b len 12']),
      ...some([`unique-id-format ${quoted(this.format())}`, 'unique-id-header x-unique', 'monitor-uri /m', 'declare capture request len 30', 'declare capture response len 30']),
      'filter bwlim-out slow default-limit 100k default-period 1s', ...this.rules(14, fronts),
      ...some([`use_backend %[${this.expression()}]`, `use_backend other if ${this.condition()}`]), 'default_backend app',
      'backend app', ...inspect(), ...some(OPTIONS), ...some(['cookie S insert indirect nocache', 'cookie b prefix', 'cookie b rewrite']),
      `balance ${pick(dice, ['roundrobin', 'leastconn', 'uri', 'source', 'random', 'url_param a check_post', 'hdr(host)', `hash ${quoted(this.expression())}`])}`,
      `http-reuse ${pick(dice, ['never', 'safe', 'aggressive', 'always'])}`,
      ...some([`stick on ${quoted(this.expression())} table ${pick(dice, ['web', 'texts', 'numbers'])}`, `stick store-response ${quoted(this.expression())} table texts`, 'stick match src table web']),
      ...some([`use-server s1 if ${this.condition()}`, `force-persist if ${this.condition()}`]), 'filter bwlim-out slow default-limit 100k default-period 1s',
      ...this.rules(8, backs), ...some(['retry-on all-retryable-errors', 'errorfile 503 /dev/null', `http-error status 502 content-type a/b lf-string ${quoted(this.format())}`]),
      `server s1 127.0.0.1:9001 cookie c1 ${dice.chance(2) ? `maxconn ${1 + dice.random(2)}` : ''}`, `server s2 127.0.0.1:9002 cookie c2 ${pick(dice, ['', '', 'send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options unique-id'])}`,
      'backend other', ...this.rules(4, backs), 'server s1 127.0.0.1:9002',
      'listen both', `bind :${LISTEN_PORT}`, `bind :${PROXY_PORT} accept-proxy`, ...inspect(), ...this.logs(), ...this.rules(8, dice.chance(2) ? httpOnly : [...fronts, 'tcp-response content']), 'server s1 127.0.0.1:9001',
      'frontend raw', 'mode tcp', `bind :${RAW_PORT}`, ...some([`tcp-request content switch-mode http if ${this.condition()}`]), ...this.logs(), ...inspect(), ...this.rules(8, raws), 'default_backend rawapp',
      'backend rawapp', 'mode tcp', ...inspect(), ...this.rules(6, backs.filter((set) => set.startsWith('tcp'))), 'server s1 127.0.0.1:9001', 'server s2 127.0.0.1:9002', ...some(['persist rdp-cookie']),
      'backend many', this.table('ip'), 'backend texts', this.table('string len 12'), 'backend numbers', this.table('integer'),
    ]; // biome-ignore format: sections
  }
}

const OPTIONS = [
  'option httpclose', 'option http-server-close', 'no option abortonclose', 'option forwardfor', 'option forwarded', 'option redispatch 1', 'option http-buffer-request',
  'option contstats', 'option originalto', 'option checkcache', 'option http-no-delay', 'retries 2', 'timeout tarpit 100ms', 'timeout tunnel 1s', 'option http-keep-alive',
]; // biome-ignore format: one list

/** The text of a configuration, and its pattern files. */
export function randomConfig(dice: World): { readonly text: string; readonly patterns: () => PatternStore } {
  const author = new Author(dice);
  const lines = [
    'global', `tune.bufsize ${pick(dice, [16384, 16384, 4096, 32768])}`, dice.chance(3) ? 'tune.vars.txn-max-size 300' : '', dice.chance(4) ? 'tune.vars.proc-max-size 400' : '',
    dice.chance(4) ? 'tune.vars.sess-max-size 100' : '', 'userlist people', 'group staff', 'user ann insecure-password secret:x groups staff',
    'log-profile p', 'on any format "%[var(txn.v)] %ci"', 'on error drop',
    'defaults', 'mode http', 'timeout connect 300ms', 'timeout client 900ms', 'timeout server 700ms', dice.chance(2) ? 'timeout http-request 500ms' : '',
    dice.chance(2) ? 'timeout http-keep-alive 200ms' : '', 'timeout tunnel 2s', `retries ${dice.random(3)}`, ...author.proxies(),
  ]; // biome-ignore format: sections
  return { text: valid(lines), patterns };
}

function patterns(): PatternStore {
  return new PatternStore((path) => readExample(path), false);
}

/** Without the lines that are refused. */
function valid(lines: string[]): string {
  for (let round = 0; round < 12; round++) {
    const text = `${lines.join('\n')}\n`;
    const { model, diagnostics } = parseText(text);
    let wrong = diagnostics
      .filter(({ severity }) => severity === 'alert')
      .map(({ position, text: said }) => ({ line: position?.line ?? 0, said }));
    if (wrong.length === 0) {
      const plan = planOf(model);
      const shared = new Shared(allocateShared(layoutOf(plan, 1)), 0);
      const memory = plainMemory({ blocks: 1, notes: 1, statics: 1 << 18 });
      const { problems } = buildState({ model, plan, shared, host: null, memory, pid: 1, hostname: 'sim', patterns: patterns() });
      wrong = problems.filter(({ severity }) => severity === 'alert').map(({ at, text: said }) => ({ line: at.line, said }));
      if (wrong.length === 0) return text;
    }
    for (const { line, said } of wrong) {
      assert.ok(
        line > 0 && !/^(global|defaults|frontend|backend|listen) ?\w*$/.test(lines[line - 1] as string),
        `${said} (line ${line}: ${lines[line - 1]})`,
      );
      lines[line - 1] = '';
    }
  }
  assert.fail(`still refused:\n${lines.join('\n')}`);
}
