import type { EventRecord, PlacedAction, Rating } from "../../../api/types";
import type { Scale } from "./scale";
import { stepFor, toX } from "./scale";

/** The events of one span of time that left the session at the same rating. */
export interface Bubble {
  rating: Rating;
  x: number;
  radius: number;
  /** In time order. */
  records: EventRecord[];
}

const bucketWidth = 26;
const smallest = 6;
const largest = 22;

/** Records in time order become bubbles whose area grows with the number of events. */
export function makeBubbles(records: readonly EventRecord[], scale: Scale): Bubble[] {
  const step = stepFor(scale, bucketWidth);
  const buckets = new Map<string, EventRecord[]>();
  for (const record of records) {
    const key = `${Math.floor(Date.parse(record.event.time) / step)} ${record.verdict.rating}`;
    const bucket = buckets.get(key);
    if (bucket) bucket.push(record);
    else buckets.set(key, [record]);
  }
  const most = Math.max(1, ...[...buckets.values()].map((bucket) => bucket.length));
  return [...buckets.values()].map((bucket) => ({
    rating: bucket[0]?.verdict.rating ?? "normal",
    x: toX(scale, mean(bucket.map(({ event }) => Date.parse(event.time)))),
    radius: radius(bucket.length, most),
    records: bucket,
  }));
}

/** One event is always the same size; the fullest bucket fills its lane once it holds nine. */
function radius(count: number, most: number): number {
  const full = Math.max(9, most);
  return smallest + (largest - smallest) * Math.sqrt((count - 1) / (full - 1));
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, value) => sum + value, 0) / Math.max(1, numbers.length);
}

/** Where the line of the rating turns. */
export interface Turn {
  x: number;
  rating: Rating;
}

/** The rating over time as steps; records in time order. */
export function makeTurns(records: readonly EventRecord[], scale: Scale): Turn[] {
  const turns: Turn[] = [];
  for (const { event, verdict } of records) {
    if (turns.at(-1)?.rating !== verdict.rating) turns.push({ x: toX(scale, Date.parse(event.time)), rating: verdict.rating });
  }
  return turns;
}

/** Actions too near each other to tell apart. */
export interface Marker {
  x: number;
  actions: PlacedAction[];
}

const markerWidth = 16;

export function makeMarkers(actions: readonly PlacedAction[], scale: Scale): Marker[] {
  const markers: Marker[] = [];
  for (const action of actions) {
    const x = toX(scale, Date.parse(action.at));
    const last = markers.at(-1);
    if (last && x - last.x < markerWidth) last.actions.push(action);
    else markers.push({ x, actions: [action] });
  }
  return markers;
}
