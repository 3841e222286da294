/** A check before anything is said of it. */
import type { CheckLinesModel, CheckModel } from '../model/check.ts';

export function newCheck(): CheckModel {
  const lines = (): CheckLinesModel => ({ owner: null, steps: [] });
  return {
    type: 'connect',
    words: [],
    method: 'OPTIONS',
    uri: '/',
    version: 'HTTP/1.0',
    headers: [],
    disableOn404: false,
    tellsState: false,
    http: lines(),
    tcp: lines(),
  };
}
