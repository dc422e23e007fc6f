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

const bucketWidth = 30;
const smallest = 8;
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
  // Neighbouring buckets must not cover each other.
  const room = (step / (scale.end - scale.start)) * (scale.width / 2) + 1;
  const most = Math.max(1, ...[...buckets.values()].map((bucket) => bucket.length));
  const make = (bucket: EventRecord[]): Bubble => ({
    rating: bucket[0]?.verdict.rating ?? "normal",
    x: toX(scale, mean(bucket.map(({ event }) => Date.parse(event.time)))),
    radius: Math.min(radius(bucket.length, most), Math.max(smallest, room)),
    records: bucket,
  });
  return joinCovered([...buckets.values()].map(make), make);
}

/** Neighbours on both sides of a bucket's edge can still lie on each other: one whose middle is covered joins the other. */
function joinCovered(bubbles: readonly Bubble[], make: (records: EventRecord[]) => Bubble): Bubble[] {
  const joined: Bubble[] = [];
  for (const bubble of bubbles) {
    const before = joined.findLastIndex(({ rating }) => rating === bubble.rating);
    const last = joined[before];
    if (last && Math.abs(bubble.x - last.x) < Math.max(last.radius, bubble.radius)) {
      joined[before] = make([...last.records, ...bubble.records]);
    } else joined.push(bubble);
  }
  return joined;
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

/** Actions too near each other to tell apart, from the first to the last of them. */
export interface Marker {
  x: number;
  end: number;
  actions: PlacedAction[];
}

const markerWidth = 20;

export function makeMarkers(actions: readonly PlacedAction[], scale: Scale): Marker[] {
  const markers: Marker[] = [];
  for (const action of actions) {
    const x = toX(scale, Date.parse(action.at));
    const last = markers.at(-1);
    if (last && x - last.end < markerWidth) {
      last.actions.push(action);
      last.end = x;
    } else markers.push({ x, end: x, actions: [action] });
  }
  return markers;
}

/** The actions' names in the order of their first, with how often each was taken: "tag ×3, block". */
export function namesOf(actions: readonly PlacedAction[]): string {
  const times = new Map<string, number>();
  for (const { name } of actions) times.set(name, (times.get(name) ?? 0) + 1);
  return [...times].map(([name, count]) => (count > 1 ? `${name} ×${count}` : name)).join(", ");
}
