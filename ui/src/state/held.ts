/**
 * Values that must not stand in the address, because addresses end up in histories, bookmarks and logs. The address holds
 * a key; the values live in this page's memory and are gone when it is closed or reloaded, or when somebody logs out.
 */

const most = 100;
const byKey = new Map<string, readonly string[]>();

/** The key of these values; the same values keep theirs. */
export function hold(values: readonly string[]): string {
  for (const [key, held] of byKey) {
    if (held.length === values.length && held.every((value, index) => value === values[index])) return key;
  }
  const key = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const oldest = byKey.keys().next().value;
  if (byKey.size >= most && oldest !== undefined) byKey.delete(oldest);
  byKey.set(key, [...values]);
  return key;
}

/** The values, or none where they are no longer known. */
export function recall(key: string): string[] {
  return [...(byKey.get(key) ?? [])];
}

export function forgetHeld(): void {
  byKey.clear();
}

/** What the Hub keeps of a sensitive value, and takes for such: it may stand in an address, as nobody can read it back. */
export function isKeyedHash(value: string): boolean {
  return /^[a-z2-7]{26}$/.test(value);
}
