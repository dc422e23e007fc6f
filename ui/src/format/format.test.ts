import { describe, expect, test } from "vitest";
import { duration, fromInput, millis, parseDuration, toInput, utcClock, utcSecond } from "./time";
import { count, counted, countryName, plainWords } from "./words";

describe("durations", () => {
  test.each([
    [0, "0 s"],
    [0.25, "0.25 s"],
    [0.063, "63 ms"],
    [0.0001, "1 ms"],
    [9.87, "9.9 s"],
    [59.6, "1 m"],
    [61, "1 m 1 s"],
    [3_600, "1 h"],
    [3_605, "1 h"],
    [90_061, "1 d 1 h"],
    [Number.NaN, "–"],
    [-1, "–"],
  ])("%d is %s", (seconds, text) => expect(duration(seconds)).toBe(text));

  test.each([
    ["90", 90],
    ["90s", 90],
    ["1.5 h", 5_400],
    ["1m 30s", 90],
    ["", undefined],
    ["soon", undefined],
    ["5x", undefined],
    ["-4", undefined],
  ])("%s is read as %s", (text, seconds) => expect(parseDuration(text)).toBe(seconds));

  test("nanoseconds", () => {
    expect(millis(1_210_000)).toBe("1.2 ms");
    expect(millis(2_345_000_000)).toBe("2345 ms");
  });
});

test("times are UTC", () => {
  expect(utcSecond("2026-11-21T10:27:44.482913Z")).toBe("2026-11-21 10:27:44");
  expect(utcClock("2026-11-21T10:27:44.482913+01:00")).toBe("09:27:44.482");
  expect(fromInput(toInput("2026-11-21T10:27:44Z"))).toBe("2026-11-21T10:27:44.000Z");
  expect(fromInput("never")).toBeUndefined();
  expect(utcSecond("mangled")).toBe("–");
  expect(toInput("mangled")).toBe("");
});

test("words", () => {
  expect(count(1234567)).toBe("1,234,567");
  expect(counted(1, "event")).toBe("1 event");
  expect(counted(0, "event")).toBe("0 events");
  expect(countryName("fr")).toBe("France");
  expect(countryName("q")).toBe("");
  expect(plainWords("address_headers_user_agent")).toBe("Address headers user agent");
});
