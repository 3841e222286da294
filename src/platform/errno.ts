/** Linux error numbers that the hosts tell apart, with their names and texts for messages. It must not know who met them. */

export const EINTR = 4;
export const EIO = 5;
export const EAGAIN = 11;
export const ENOMEM = 12;
export const ENOENT = 2;
export const EACCES = 13;
export const EBUSY = 16;
export const EINVAL = 22;
export const ENFILE = 23;
export const EMFILE = 24;
export const EPIPE = 32;
export const EMSGSIZE = 90;
export const EOPNOTSUPP = 95;
export const EADDRINUSE = 98;
export const EADDRNOTAVAIL = 99;
export const ECONNABORTED = 103;
export const ECONNRESET = 104;
export const ENOBUFS = 105;
export const ECONNREFUSED = 111;
export const EDESTADDRREQ = 89;
export const ENOTCONN = 107;
export const EINPROGRESS = 115;
export const ECANCELED = 125;

const NAMES: Readonly<Record<number, readonly [name: string, text: string]>> = {
  1: ['EPERM', 'not permitted'],
  2: ['ENOENT', 'no such file'],
  4: ['EINTR', 'interrupted by a signal'],
  5: ['EIO', 'input/output error'],
  9: ['EBADF', 'not an open descriptor'],
  11: ['EAGAIN', 'nothing to do now'],
  12: ['ENOMEM', 'out of memory'],
  13: ['EACCES', 'permission denied'],
  14: ['EFAULT', 'bad address'],
  16: ['EBUSY', 'busy'],
  17: ['EEXIST', 'file exists'],
  19: ['ENODEV', 'no such device'],
  20: ['ENOTDIR', 'a part of the path is not a directory'],
  22: ['EINVAL', 'not a valid argument'],
  23: ['ENFILE', 'the system is out of descriptors'],
  24: ['EMFILE', 'the process is out of descriptors'],
  28: ['ENOSPC', 'no space left'],
  30: ['EROFS', 'read-only file system'],
  32: ['EPIPE', 'the other side is closed'],
  36: ['ENAMETOOLONG', 'the path is too long'],
  38: ['ENOSYS', 'the kernel does not know this call'],
  88: ['ENOTSOCK', 'not a socket'],
  90: ['EMSGSIZE', 'the message is too long'],
  92: ['ENOPROTOOPT', 'the socket has no such option'],
  93: ['EPROTONOSUPPORT', 'protocol not supported'],
  95: ['EOPNOTSUPP', 'not supported by the socket'],
  97: ['EAFNOSUPPORT', 'address family not supported'],
  98: ['EADDRINUSE', 'address in use'],
  99: ['EADDRNOTAVAIL', 'the address does not belong to this machine'],
  100: ['ENETDOWN', 'the network is down'],
  101: ['ENETUNREACH', 'the network is unreachable'],
  103: ['ECONNABORTED', 'the connection was aborted'],
  104: ['ECONNRESET', 'the peer reset the connection'],
  105: ['ENOBUFS', 'no buffer left'],
  107: ['ENOTCONN', 'not connected'],
  110: ['ETIMEDOUT', 'the connection timed out'],
  111: ['ECONNREFUSED', 'nobody listens there'],
  113: ['EHOSTUNREACH', 'the host is unreachable'],
  115: ['EINPROGRESS', 'in progress'],
  125: ['ECANCELED', 'cancelled'],
};

/** `EADDRINUSE`, or `errno 71` for one that has no name here. */
export function errnoName(number: number): string {
  return NAMES[number]?.[0] ?? `errno ${number}`;
}

/** What the number means, in words for a message to the user. */
export function errnoText(number: number): string {
  return NAMES[number]?.[1] ?? `error ${number} of the system`;
}
