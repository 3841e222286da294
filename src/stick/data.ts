/**
 * The types of data that a stick table can hold, by HAProxy's names (HAProxy 3.x configuration 11.1), and how much room
 * each takes. It must not know tables.
 *
 * hot-ok: all of this runs at start
 */
import { Data, type DataType } from '../state/tracked.ts';

/** What an element of the type is: one word, a number of two words, or a rate (when its period began, this one's events, the last one's). */
export type DataShape = 'word' | 'wide' | 'rate';

export interface DataInfo {
  readonly type: DataType;
  readonly name: string;
  readonly shape: DataShape;
  /** `gpc(3)`: how many elements. */
  readonly isArray: boolean;
  /** Types that may not stand beside it in a table. */
  readonly excludes: readonly string[];
}

function info(type: DataType, name: string, shape: DataShape, isArray = false, excludes: readonly string[] = []): DataInfo {
  return { type, name, shape, isArray, excludes };
}

export const DATA_INFOS: readonly DataInfo[] = [
  info(Data.serverId, 'server_id', 'word'),
  info(Data.gpt0, 'gpt0', 'word', false, ['gpt']),
  info(Data.gpc0, 'gpc0', 'word', false, ['gpc']),
  info(Data.gpc0Rate, 'gpc0_rate', 'rate', false, ['gpc_rate']),
  info(Data.connCnt, 'conn_cnt', 'word'),
  info(Data.connRate, 'conn_rate', 'rate'),
  info(Data.connCur, 'conn_cur', 'word'),
  info(Data.sessCnt, 'sess_cnt', 'word'),
  info(Data.sessRate, 'sess_rate', 'rate'),
  info(Data.httpReqCnt, 'http_req_cnt', 'word'),
  info(Data.httpReqRate, 'http_req_rate', 'rate'),
  info(Data.httpErrCnt, 'http_err_cnt', 'word'),
  info(Data.httpErrRate, 'http_err_rate', 'rate'),
  info(Data.bytesInCnt, 'bytes_in_cnt', 'wide'),
  info(Data.bytesInRate, 'bytes_in_rate', 'rate'),
  info(Data.bytesOutCnt, 'bytes_out_cnt', 'wide'),
  info(Data.bytesOutRate, 'bytes_out_rate', 'rate'),
  info(Data.gpc1, 'gpc1', 'word', false, ['gpc']),
  info(Data.gpc1Rate, 'gpc1_rate', 'rate', false, ['gpc_rate']),
  info(Data.serverKey, 'server_key', 'word'),
  info(Data.httpFailCnt, 'http_fail_cnt', 'word'),
  info(Data.httpFailRate, 'http_fail_rate', 'rate'),
  info(Data.gpt, 'gpt', 'word', true, ['gpt0']),
  info(Data.gpc, 'gpc', 'word', true, ['gpc0', 'gpc1']),
  info(Data.gpcRate, 'gpc_rate', 'rate', true, ['gpc0_rate', 'gpc1_rate']),
  info(Data.glitchCnt, 'glitch_cnt', 'word'),
  info(Data.glitchRate, 'glitch_rate', 'rate'),
];

const WORDS: Readonly<Record<DataShape, number>> = { word: 1, wide: 2, rate: 3 };

/** 32-bit words of one element. */
export function wordsOf(shape: DataShape): number {
  return WORDS[shape];
}
