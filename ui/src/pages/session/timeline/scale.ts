/** Steps a person reads easily, in seconds. */
const steps = [
  0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400, 172_800,
  604_800,
];

/** A span of time laid on a span of pixels. Times are milliseconds since the epoch. */
export interface Scale {
  start: number;
  end: number;
  width: number;
}

const shortest = 4_000;
const margin = 0.04;

/** Holds all the times with a little room on both sides. */
export function makeScale(times: readonly number[], width: number): Scale {
  const first = Math.min(...times);
  const last = Math.max(...times);
  const lacking = Math.max(0, shortest - (last - first)) / 2;
  const room = (last - first) * margin;
  return { start: first - lacking - room, end: last + lacking + room, width };
}

export function toX(scale: Scale, time: number): number {
  return ((time - scale.start) / (scale.end - scale.start)) * scale.width;
}

/** The smallest readable step that is at least so many pixels wide, in milliseconds. */
export function stepFor(scale: Scale, pixels: number): number {
  const perPixel = (scale.end - scale.start) / scale.width;
  const seconds = (perPixel * pixels) / 1_000;
  const step = steps.find((candidate) => candidate >= seconds) ?? Math.ceil(seconds / 604_800) * 604_800;
  return step * 1_000;
}

export interface Tick {
  x: number;
  text: string;
}

/** Round times in UTC along the axis. */
export function ticks(scale: Scale): Tick[] {
  const step = stepFor(scale, 96);
  const found: Tick[] = [];
  for (let at = Math.ceil(scale.start / step) * step; at <= scale.end; at += step) {
    found.push({ x: toX(scale, at), text: tickText(at, step) });
  }
  return found;
}

function tickText(at: number, step: number): string {
  const text = new Date(at).toISOString();
  if (step >= 86_400_000) return text.slice(5, 10);
  if (step >= 60_000) return text.slice(11, 16);
  return step >= 1_000 ? text.slice(11, 19) : text.slice(11, 21);
}
