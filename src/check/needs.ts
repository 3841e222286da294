/** Which checks speak TLS (HAProxy configuration manual, 5.2 check-ssl). Alone, as all who build a configuration ask. */
import type { CheckModel } from '../model/check.ts';
import type { ServerModel } from '../model/config.ts';

/** Those of this server do, unless their steps say otherwise: as the traffic, if they go where it goes. */
export function checksAreSecure({ checkAddress, checkPort, checkTls, tls }: ServerModel): boolean {
  return checkTls.wanted ?? (tls.enabled && checkAddress === null && checkPort === null);
}

/** Some step of a check of this server does. */
export function checksNeedTls(server: ServerModel, check: CheckModel | null): boolean {
  if (!server.check) return false;
  const steps = check?.type === 'http' ? check.http.steps : check?.type === 'tcp' ? check.tcp.steps : [];
  return checksAreSecure(server) || steps.some((step) => step.kind === 'connect' && step.tls);
}
