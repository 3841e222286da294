/**
 * Opening every listener before anything serves: all or none. Messages name the file, the line, the frontend and
 * the address, in HAProxy's words.
 */

import type { AddressRecord } from '../base/address.ts';
import { Family, ipText } from '../base/address.ts';
import type { ListenerPlan, Plan } from '../build/plan.ts';
import type { BindModel } from '../model/config.ts';
import { closeDescriptor, isFailure, keepAlive, openListener, type SocketFailure, startListening } from '../platform/sockets.ts';
import type { OpenDoor } from '../worker/messages.ts';

/** A bound socket that does not listen yet. */
export interface BoundListener extends OpenDoor {
  readonly plan: ListenerPlan;
}

/** The C library's words for what happens most, as HAProxy prints them. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Address already in use',
  EADDRNOTAVAIL: 'Cannot assign requested address',
  EACCES: 'Permission denied',
};

export interface OpenedListeners {
  readonly doors: readonly BoundListener[];
  /** One line per listener that could not be opened; then no door is left open. */
  readonly problems: readonly string[];
}

export function openListeners(plan: Plan): OpenedListeners {
  const doors: BoundListener[] = [];
  const problems: string[] = [];
  for (const [listenerIndex, listener] of plan.listeners.entries()) {
    const opened = openListener(listener.address, optionsOf(listener.bind, listener.frontend.backlog));
    if (isFailure(opened)) problems.push(problemOf(listener, opened));
    else {
      if (listener.frontend.options['clitcpka'] === true) keepAlive(opened.descriptor);
      doors.push({
        descriptor: opened.descriptor,
        frontendIndex: listener.frontendIndex,
        listenerIndex,
        name: listener.name,
        id: listener.id,
        isNamed: listener.bind.name !== null,
        acceptsProxy: listener.bind.acceptProxy,
        plan: listener,
      });
    }
  }
  if (problems.length > 0) for (const door of doors) closeDescriptor(door.descriptor);
  return problems.length > 0 ? { doors: [], problems } : { doors, problems };
}

/** Lets clients in; what failed, a line each. */
export function listenOn(doors: readonly BoundListener[]): readonly string[] {
  const problems: string[] = [];
  for (const { descriptor, plan } of doors) {
    // A path listens from when it appears; an inherited descriptor already does.
    if (plan.address.family === Family.unix || plan.address.family === Family.descriptor) continue;
    const failure = startListening(descriptor, plan.bind.backlog ?? plan.frontend.backlog ?? undefined);
    if (failure !== null) problems.push(problemOf(plan, failure));
  }
  return problems;
}

function optionsOf(bind: BindModel, backlog: number | null): Parameters<typeof openListener>[1] {
  const size = bind.backlog ?? backlog;
  const { mss, defersAccept, fastOpen, userTimeoutMs, saveSyn } = bind.tcp;
  return {
    deferred: true,
    ...(size === null ? {} : { backlog: size }),
    v6only: bind.v6only && !bind.v4v6,
    ...(bind.interface === null ? {} : { interface: bind.interface }),
    transparent: bind.transparent,
    ...(mss === null ? {} : { mss }),
    deferAccept: defersAccept,
    fastOpen,
    ...(userTimeoutMs === null ? {} : { userTimeoutMs }),
    ...(saveSyn === null ? {} : { saveSyn }),
    ...(bind.mode === null ? {} : { mode: bind.mode }),
    ...(bind.uid === null ? {} : { uid: bind.uid }),
    ...(bind.gid === null ? {} : { gid: bind.gid }),
  };
}

function problemOf({ frontend, bind, address }: ListenerPlan, failure: SocketFailure): string {
  const { at } = bind;
  return `Binding [${at.file}:${at.line}] for ${frontend.kind === 'listen' ? 'proxy' : 'frontend'} ${frontend.name}: cannot bind socket (${REASONS[failure.name] ?? failure.text}) for [${addressText(address)}].`;
}

/** `127.0.0.1:80`, `fd@3`, a path. */
export function addressText(address: AddressRecord): string {
  switch (address.family) {
    case Family.unix:
      return address.path;
    case Family.abns:
      return `abns@${address.path.replace(/\0+$/, '')}`;
    case Family.descriptor:
      return `fd@${address.port}`;
    case Family.inet6:
      return `[${ipText(address)}]:${address.port}`;
    default:
      return `${ipText(address)}:${address.port}`;
  }
}
