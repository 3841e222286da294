/**
 * What can only be judged when all files are read: names that must exist, modes that must agree, settings
 * that will have no effect. It must not know keywords or text: only the model.
 */
import type { CheckModel } from '../model/check.ts';
import type { ProxyModel, RuleModel } from '../model/config.ts';
import type { ConfigModel } from '../model/configuration.ts';
import type { Position } from '../model/position.ts';
import { checkOcspUpdates } from './check-ocsp.ts';
import { checkTracking } from './check-tracking.ts';
import type { DiagnosticCode } from './report/codes.ts';
import type { Diagnostic } from './report/diagnostic.ts';
import { nearestName } from './report/near.ts';

export function checkModel(model: ConfigModel, diagnostics: Diagnostic[]): void {
  const checker = new Checker(model, diagnostics);
  for (const proxy of model.proxies) if (!proxy.disabled) checker.proxy(proxy);
  checker.ids();
  checker.tracking();
  checkOcspUpdates(model, diagnostics);
}

/** So many errors are told, as many as the parser tells. */
const MOST_ALERTS = 50;

/** Options that need HTTP messages, and what they are of: 'F' frontends, 'B' backends. */
const HTTP_OPTIONS: readonly (readonly [name: string, side: string])[] = [
  ['accept-unsafe-violations-in-http-request', 'F'],
  ['accept-unsafe-violations-in-http-response', 'B'],
  ['checkcache', 'B'],
  ['disable-h2-upgrade', 'F'],
  ['http-buffer-request', 'FB'],
  ['http-drop-request-trailers', 'B'],
  ['http-drop-response-trailers', 'F'],
  ['http-ignore-probes', 'F'],
  ['http-no-delay', 'FB'],
  ['http-pretend-keepalive', 'B'],
  ['idle-close-on-response', 'F'],
  ['prefer-last-server', 'B'],
];

/** Balancing that looks into requests. */
const HTTP_BALANCE = ['hdr', 'uri', 'url_param'];

class Checker {
  readonly #model: ConfigModel;
  readonly #diagnostics: Diagnostic[];
  readonly #byName: ReadonlyMap<string, ProxyModel>;
  #alerts = 0;

  constructor(model: ConfigModel, diagnostics: Diagnostic[]) {
    this.#model = model;
    this.#diagnostics = diagnostics;
    this.#byName = new Map(model.proxies.filter(({ kind }) => kind !== 'frontend').map((proxy) => [proxy.name, proxy]));
  }

  proxy(proxy: ProxyModel): void {
    if (proxy.defaultBackend !== null) this.#backend(proxy, proxy.defaultBackend, 'default_backend');
    // Names with a % are made per request.
    for (const use of proxy.useBackends) if (!use.name.includes('%')) this.#backend(proxy, use, 'use_backend');
    this.#listeners(proxy);
    this.#certificates(proxy);
    this.#timeouts(proxy);
    this.#mode(proxy);
    this.#checks(proxy);
    this.#resolvers(proxy);
  }

  tracking(): void {
    checkTracking(this.#model.proxies, (server, text) => this.#alert('bad-track', text, server.at));
  }

  #resolvers(proxy: ProxyModel): void {
    const names = this.#model.resolvers.map(({ name }) => name);
    for (const { name, other, at } of proxy.servers) {
      const wanted = other['resolvers']?.[0];
      if (wanted === undefined || names.includes(wanted)) continue;
      const near = nearestName(wanted, names);
      const hint = near === null ? '' : `; did you mean '${near}' maybe ?`;
      const text = `${label(proxy)} '${proxy.name}', server '${name}': unable to find required resolvers '${wanted}'${hint}`;
      this.#alert('unknown-resolvers', text, at);
    }
  }

  #backend(proxy: ProxyModel, { name, at }: { name: string; at: Position }, keyword: string): void {
    const backend = this.#byName.get(name);
    if (backend === proxy) this.#alert('unknown-backend', `Proxy '${name}': loop detected for ${keyword}: '${name}'.`, at);
    else if (backend === undefined) {
      // Similar names are looked for among all: not for errors that are not told.
      if (this.#alerts >= MOST_ALERTS) return;
      const near = nearestName(name, this.#byName.keys());
      this.#alert(
        'unknown-backend',
        `Proxy '${proxy.name}': unable to find required ${keyword}: '${name}'${near === null ? '.' : `; did you mean '${near}' maybe ?`}`,
        at,
      );
    } else if (proxy.mode === 'http' && backend.mode !== 'http') {
      const { file, line } = backend.at;
      this.#alert(
        'mode',
        `http frontend '${proxy.name}' tries to use incompatible ${backend.mode} ${backend.kind} '${name}' (${file}:${line}) in a '${keyword}' rule (see 'mode').`,
        at,
      );
    }
  }

  #alert(code: DiagnosticCode, text: string, position: Position | null): void {
    if (++this.#alerts > MOST_ALERTS) return;
    this.#diagnostics.push({ severity: 'alert', code, position, text });
  }

  #warn(code: DiagnosticCode, text: string): void {
    this.#diagnostics.push({ severity: 'warning', code, position: null, text });
  }

  #listeners(proxy: ProxyModel): void {
    if (proxy.kind === 'backend' || proxy.binds.length > 0) return;
    this.#warn('no-bind', `${label(proxy)} '${proxy.name}' has no 'bind' directive. Please declare it as a backend if this was intended.`);
  }

  #certificates({ name, certificates, binds }: ProxyModel): void {
    const [first] = certificates;
    if (first === undefined || binds.some(({ tls }) => tls.enabled)) return;
    const text = `'ssl-f-use' of frontend '${name}' is for nothing: no 'bind' line of it has 'ssl'.`;
    this.#diagnostics.push({ severity: 'warning', code: 'ignored', position: first.at, text });
  }

  #timeouts(proxy: ProxyModel): void {
    const { clientMs, connectMs, serverMs } = proxy.timeouts;
    const isFront = proxy.kind !== 'backend' && proxy.binds.length > 0;
    const isBack = proxy.servers.length > 0;
    if (!(isFront && !clientMs) && !(isBack && (!connectMs || !serverMs))) return;
    const text = `missing timeouts for ${label(proxy)} '${proxy.name}'.\n   | An unset timeout is infinite: connections of peers that vanished stay open forever.\n   | Set all of these to a time: 'client', 'connect', 'server'.`;
    this.#warn('missing-timeouts', text);
  }

  #mode(proxy: ProxyModel): void {
    const name = `${label(proxy)} '${proxy.name}'`;
    const hasLog = proxy.logs.length > 0 || (proxy.logGlobal && this.#model.global.logs.length > 0);
    const wantsFormat = proxy.logFormat !== null || proxy.logPreset !== null;
    if (proxy.kind !== 'backend' && wantsFormat && !hasLog)
      this.#warn('no-log', `log format ignored for ${name} since it has no log address.`);
    if (proxy.mode === 'http') return;
    if (proxy.kind !== 'backend' && proxy.logPreset !== null && proxy.logPreset.startsWith('http')) {
      const text = `'option ${proxy.logPreset === 'httpslog' ? 'httpslog' : 'httplog'}' not usable with ${name} (needs 'mode http'). Falling back to 'option tcplog'.`;
      this.#warn('mode', text);
      proxy.logPreset = proxy.logPreset === 'httpclf' ? 'tcpclf' : 'tcplog';
    }
    // Its HTTP lines count for connections that turn into HTTP.
    if (proxy.rules['tcp-request content']?.some(({ action }) => action === 'switch-mode')) return;
    for (const set of ['http-request', 'http-response', 'http-after-response', 'redirect']) {
      if ((proxy.rules[set] as RuleModel[] | undefined)?.length)
        this.#warn('mode', `'${set}' rules ignored for ${name} as they require HTTP mode.`);
    }
    if (proxy.cookie !== null) this.#warn('mode', `cookie will be ignored for ${name} (needs 'mode http').`);
    if (proxy.monitorUri !== null) this.#warn('mode', `monitor-uri will be ignored for ${name} (needs 'mode http').`);
    this.#httpOptions(proxy, name);
    this.#httpBalance(proxy, name);
  }

  #httpOptions(proxy: ProxyModel, name: string): void {
    const written = HTTP_OPTIONS.filter(([option, side]) => proxy.options[option] === true && isOfSide(proxy, side)).map(
      ([option]) => option,
    );
    for (const option of ['forwardfor', 'forwarded', 'originalto'] as const) if (proxy[option] !== null) written.push(option);
    for (const option of written) this.#warn('mode', `'option ${option}' ignored for ${name} as it requires HTTP mode.`);
  }

  #httpBalance(proxy: ProxyModel, name: string): void {
    const { balance } = proxy;
    if (balance === null || proxy.kind === 'frontend' || !HTTP_BALANCE.includes(balance.algorithm.replace(/\(.*$/, ''))) return;
    this.#warn('mode', `Layer 7 hash not possible for ${name} (needs 'mode http'). Falling back to round robin.`);
    proxy.balance = { algorithm: 'roundrobin', words: [], at: balance.at };
  }

  #checks(proxy: ProxyModel): void {
    const name = `${label(proxy)} '${proxy.name}'`;
    const { check } = proxy;
    if (check !== null) this.#checkLines(proxy, check, name);
    const first =
      check?.type === 'tcp' || check?.type === 'http' ? check[check.type].steps.find(({ kind }) => kind !== 'comment') : undefined;
    const saysPort = first?.kind === 'connect' && first.port !== null;
    for (const server of proxy.servers) {
      if (!server.check) continue;
      if (check?.type === 'http' && server.checkTls.alpn?.includes('h2') === true)
        this.#alert(
          'unsupported',
          `${name}: server '${server.name}': 'check-alpn h2' : HTTP checks over HTTP/2 are not supported by this version`,
          server.at,
        );
      // An SRV record says the port.
      if (server.portKind === 'fixed' || server.checkPort !== null || saysPort || server.host?.startsWith('_') === true) continue;
      this.#alert(
        'check-port',
        `${name}: server '${server.name}' has neither service port nor check port nor tcp_check rule 'connect' with port information.`,
        server.at,
      );
    }
  }

  /** Lines of a check that is not chosen. */
  #checkLines({ at }: ProxyModel, check: CheckModel, name: string): void {
    for (const [family, option] of [
      ['http', 'httpchk'],
      ['tcp', 'tcp-check'],
    ] as const) {
      const { owner, steps } = check[family];
      if (check.type === family || steps.length === 0 || owner?.line !== at.line || owner.file !== at.file) continue;
      this.#warn('unused-check', `${name} uses ${family}-check rules without 'option ${option}', so the rules are ignored.`);
    }
  }

  #bindIds({ kind, binds }: ProxyModel): void {
    for (const [index, bind] of binds.entries()) {
      const twin = bind.id === null ? undefined : binds.slice(0, index).find(({ id }) => id === bind.id);
      if (twin === undefined) continue;
      const place = `${twin.at.file}:${twin.at.line}`;
      const text = `'bind ${bind.text}' in section '${kind}' : 'id' : custom id ${bind.id} already used at ${place} ('bind ${twin.text}')`;
      this.#alert('duplicate-id', text, bind.at);
    }
  }

  ids(): void {
    for (const proxy of this.#model.proxies) this.#bindIds(proxy);
    const seen = new Map<number, ProxyModel>();
    for (const proxy of this.#model.proxies) {
      if (proxy.id === null) continue;
      const other = seen.get(proxy.id);
      if (other === undefined) seen.set(proxy.id, proxy);
      else {
        const text = `${proxy.kind} ${proxy.name} reuses same custom id as ${other.kind} ${other.name} (declared at ${other.at.file}:${other.at.line}).`;
        this.#alert('duplicate-id', text, proxy.at);
      }
    }
  }
}

function isOfSide({ kind }: ProxyModel, side: string): boolean {
  return kind === 'listen' || side.includes(kind === 'frontend' ? 'F' : 'B');
}

function label(proxy: ProxyModel): string {
  return proxy.kind === 'listen' ? 'proxy' : proxy.kind;
}
