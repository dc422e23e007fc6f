import { describe, expect, test } from "vitest";
import * as decode from "../../../api/decoders";
import { golden } from "../../../test/hub";
import { makeBubbles, makeMarkers, makeTurns, namesOf } from "./bubbles";
import { makeScale, stepFor, ticks, toX } from "./scale";

const story = decode.story(golden("hub-story.json"), "");
const records = story.events.toReversed();
const times = records.map(({ event }) => Date.parse(event.time));

describe("the scale", () => {
  test.each([
    ["one moment", [1_000_000]],
    ["a second", [0, 1_000]],
    ["a minute", [0, 60_000]],
    ["a month", [0, 30 * 86_400_000]],
  ])("%s: every time is inside, ticks rise and do not crowd", (_, span) => {
    const scale = makeScale(span, 800);
    for (const time of span) {
      expect(toX(scale, time)).toBeGreaterThan(0);
      expect(toX(scale, time)).toBeLessThan(800);
    }
    const places = ticks(scale).map(({ x }) => x);
    expect(places.length).toBeLessThan(10);
    for (let at = 1; at < places.length; at++) expect((places[at] ?? 0) - (places[at - 1] ?? 0)).toBeGreaterThanOrEqual(95);
  });

  test("steps are round", () => expect(stepFor({ start: 0, end: 60_000, width: 600 }, 96)).toBe(10_000));
});

describe("bubbles", () => {
  test.each([240, 800, 2_000])("every event is in one bubble of its rating at width %d", (width) => {
    const bubbles = makeBubbles(records, makeScale(times, width));
    const inside = bubbles.flatMap((bubble) => bubble.records.map(({ event }) => event.id));
    expect(inside.toSorted()).toEqual(records.map(({ event }) => event.id).toSorted());
    for (const bubble of bubbles) {
      expect(bubble.records.every(({ verdict }) => verdict.rating === bubble.rating)).toBe(true);
      expect(bubble.radius).toBeGreaterThanOrEqual(6);
      expect(bubble.radius).toBeLessThanOrEqual(22);
    }
  });

  test("neighbours of a long flood do not cover each other", () => {
    const [record] = records;
    if (!record) throw new Error("the golden story has no events");
    const flood = Array.from({ length: 2_000 }, (_, index) => ({
      ...record,
      event: { ...record.event, time: new Date(index * 50).toISOString() },
    }));
    const bubbles = makeBubbles(flood, makeScale([0, 100_000], 880)).toSorted((a, b) => a.x - b.x);
    expect(bubbles.length).toBeGreaterThan(10);
    for (let at = 2; at < bubbles.length - 1; at++) {
      const [one, next] = [bubbles[at - 1], bubbles[at]];
      expect((next?.x ?? 0) - (one?.x ?? 0)).toBeGreaterThanOrEqual((one?.radius ?? 0) + (next?.radius ?? 0) - 3);
    }
  });

  test("no bubble hides the middle of another", () => {
    const [record] = records;
    if (!record) throw new Error("the golden story has no events");
    const at = (time: number) => ({ ...record, event: { ...record.event, time: new Date(time).toISOString() } });
    const scale = makeScale([0, 100_000], 880);
    const edge = stepFor(scale, 30);
    const bubbles = makeBubbles([edge - 300, edge - 200, edge - 100, edge + 1].map(at), scale);
    expect(bubbles.map(({ records: inside }) => inside.length)).toEqual([4]);
  });

  test("more events make a larger bubble", () => {
    const first = records[0];
    const last = records.at(-1);
    if (!first || !last) throw new Error("the golden story has no events");
    const bubbles = makeBubbles([first, first, first, last], makeScale(times, 800));
    expect(bubbles[0]?.radius).toBeGreaterThan(bubbles[1]?.radius ?? Infinity);
  });
});

test("the line turns where the rating does", () => {
  const turns = makeTurns(records, makeScale(times, 800));
  expect(turns.map(({ rating }) => rating)).toEqual(["normal", "suspicious", "malicious"]);
  expect(turns.map(({ x }) => x)).toEqual(turns.map(({ x }) => x).toSorted((a, b) => a - b));
});

test("actions too near to tell apart share a flag", () => {
  const markers = makeMarkers(story.actions, makeScale(times, 800));
  expect(markers.flatMap(({ actions }) => actions)).toEqual(story.actions);
  expect(markers.length).toBeLessThan(story.actions.length);
  for (const { x, end } of markers) expect(end).toBeGreaterThanOrEqual(x);
  const [action] = story.actions;
  if (!action) throw new Error("the golden story has no actions");
  const start = Date.parse(action.at);
  const flood = Array.from({ length: 400 }, (_, index) => ({ ...action, at: new Date(start + index * 25).toISOString() }));
  const [span, ...others] = makeMarkers(flood, makeScale([start, start + 10_000], 800));
  expect(others).toEqual([]);
  expect((span?.end ?? 0) - (span?.x ?? 0)).toBeGreaterThan(700);
  expect(namesOf(span?.actions ?? [])).toBe(`${action.name} ×400`);
});
