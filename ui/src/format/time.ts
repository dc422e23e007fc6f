/** Times are shown in UTC everywhere: analysts in different places compare notes. */

/** The time in UTC; unlike Date's own method it takes what is no time, as a mangled link may hold. */
function iso(time: string): string {
  const at = new Date(time);
  return Number.isNaN(at.getTime()) ? "–" : at.toISOString();
}

/** "2026-11-21 10:04:05" */
export function utcSecond(time: string): string {
  return iso(time).slice(0, 19).replace("T", " ");
}

/** "10:04:05.123" */
export function utcClock(time: string): string {
  return iso(time).slice(11, 23);
}

/** "2026-11-21" */
export function utcDay(time: string): string {
  return iso(time).slice(0, 10);
}

const units = [
  { size: 86_400, name: "d" },
  { size: 3_600, name: "h" },
  { size: 60, name: "m" },
  { size: 1, name: "s" },
] as const;

/** The two largest units: "2 h 5 m", "45 s", "0.4 s", "63 ms". */
export function duration(seconds: number): string {
  if (seconds < 0 || !Number.isFinite(seconds)) return "–";
  if (seconds === 0) return "0 s";
  if (seconds < 0.1) return `${Math.max(1, Math.round(seconds * 1_000))} ms`;
  if (seconds < 10) return `${Number(seconds.toPrecision(2))} s`;
  let rest = Math.round(seconds);
  const words: string[] = [];
  for (const { size, name } of units) {
    const count = Math.floor(rest / size);
    rest -= count * size;
    if (count > 0) words.push(`${count} ${name}`);
    else if (words.length > 0) break;
    if (words.length === 2) break;
  }
  return words.join(" ");
}

/** Reads "90", "90s", "5m", "1.5 h", "1m 30s" as seconds; undefined when it is none of these. */
export function parseDuration(input: string): number | undefined {
  const trimmed = input.trim().toLowerCase();
  if (trimmed === "") return undefined;
  if (/^\d+(\.\d+)?$/.test(trimmed)) return Number(trimmed);
  if (!/^(\d+(\.\d+)?\s*[dhms]\s*)+$/.test(trimmed)) return undefined;
  let seconds = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*([dhms])/g)) {
    seconds += Number(amount) * (units.find(({ name }) => name === unit)?.size ?? 0);
  }
  return seconds;
}

/** A duration in nanoseconds as milliseconds: "12.3 ms". */
export function millis(nanoseconds: number): string {
  const value = nanoseconds / 1e6;
  return `${value < 100 ? value.toFixed(1) : Math.round(value).toString()} ms`;
}

/** For <input type="datetime-local">, which knows no zone: UTC clock time to the second. */
export function toInput(time: string): string {
  const text = iso(time);
  return text === "–" ? "" : text.slice(0, 19);
}

/** Reads such an input as UTC; undefined when it is no time. */
export function fromInput(input: string): string | undefined {
  const at = new Date(`${input}Z`);
  return Number.isNaN(at.getTime()) ? undefined : at.toISOString();
}
