/**
 * Recorded cases in which Hawser differs from HAProxy 3.5 on purpose: `ID PROFILE` and the
 * reason. A case listed here is not judged, so every entry is a debt.
 */
export const DIFFERENCES: Readonly<Record<string, string>> = {};
