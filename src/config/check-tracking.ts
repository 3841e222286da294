/**
 * Are the servers there that others track, do they have checks, and does each chain end (HAProxy configuration manual, 5.2 track)?
 * Judged when all files are read. It must not know keywords or text: only the model.
 */
import type { ProxyModel, ServerModel } from '../model/config.ts';
import { type Tracked, TrackIndex, trackName } from '../model/tracking.ts';

/** @param alert told of each server whose `track` can't be followed */
export function checkTracking(proxies: readonly ProxyModel[], alert: (server: ServerModel, text: string) => void): void {
  const index = new TrackIndex(proxies);
  const settled = new Set<ServerModel>();
  for (const proxy of proxies) {
    if (proxy.disabled || proxy.kind === 'frontend') continue;
    for (const server of proxy.servers) {
      const fault = server.track === null ? null : faultOf(index, proxy, server, server.track, settled);
      if (fault !== null) alert(server, `'server ${proxy.name}/${server.name}' : ${fault}`);
    }
  }
}

function faultOf(index: TrackIndex, proxy: ProxyModel, server: ServerModel, track: string, settled: Set<ServerModel>): string | null {
  if (server.check) return 'unable to enable checks and tracking at the same time!';
  const tracked = index.trackedBy(proxy, server);
  if (tracked === null) return missing(index, track);
  const text = `${tracked.proxy.name}/${tracked.server.name}`;
  const end = endOf(index, { proxy, server }, settled);
  if (end === 'loop') return `unable to track ${text} as it belongs to a tracking chain looping back to ${proxy.name}/${server.name}.`;
  if (end !== null && !end.server.check) return `unable to use ${text} for tracking as it does not have any check nor agent enabled.`;
  if (stopsOn404(proxy) !== stopsOn404(tracked.proxy))
    return `unable to use ${text} for tracking: 'http-check disable-on-404' must be in both backends or in none.`;
  settled.add(server);
  return null;
}

function missing(index: TrackIndex, track: string): string {
  const { proxy, server } = trackName(track);
  const isProxyMissing = proxy !== null && index.proxy(proxy) === null;
  return isProxyMissing
    ? `unable to find required proxy '${proxy}' for tracking.`
    : `unable to find required server '${server}' for tracking.`;
}

/** The last of a chain. null: it runs into one that is known to be good, or is told of another server's broken link. */
function endOf(index: TrackIndex, first: Tracked, settled: ReadonlySet<ServerModel>): Tracked | 'loop' | null {
  const seen = new Set<ServerModel>();
  let at = first;
  while (at.server.track !== null) {
    if (settled.has(at.server)) return null;
    if (seen.has(at.server)) return 'loop';
    seen.add(at.server);
    const next = index.trackedBy(at.proxy, at.server);
    if (next === null) return null;
    at = next;
  }
  return at;
}

function stopsOn404({ check }: ProxyModel): boolean {
  return check?.disableOn404 === true;
}
