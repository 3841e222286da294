/** Compares a record with the part of it that a test cares about. */

/** Where `actual` lacks what `wanted` says, in words; null: nowhere. Objects may have more, arrays may not. */
export function fragmentDifference(actual: unknown, wanted: unknown, path = ''): string | null {
  if (wanted === null || typeof wanted !== 'object') {
    return Object.is(actual, wanted) ? null : `${path}: ${JSON.stringify(actual)} is not ${JSON.stringify(wanted)}`;
  }
  if (actual === null || typeof actual !== 'object') return `${path}: ${JSON.stringify(actual)} is no object`;
  if (Array.isArray(wanted) && (actual as unknown[]).length !== wanted.length) {
    return `${path}: ${JSON.stringify(actual)} has not ${wanted.length} entries`;
  }
  for (const [key, value] of Object.entries(wanted)) {
    const found = fragmentDifference((actual as Record<string, unknown>)[key], value, `${path}.${key}`);
    if (found !== null) return found;
  }
  return null;
}
