import { describe, expect, test } from "vitest";
import type { SearchState } from "./search-state";
import { columns, defaultState, isOpenEnded, parseState, toQuery, writeState } from "./search-state";
import { joinValues, splitValues } from "./values";

const states: [string, Partial<SearchState>][] = [
  ["default", {}],
  ["field and values", { field: "email", values: ["a@b.example", "x, y & z", 'say "hi"'] }],
  ["values that are hidden", { field: "ssn", values: ["078-05-1120"], hidden: true }],
  ["preset", { range: { last: "7d" } }],
  ["fixed dates", { range: { from: "2026-11-01T00:00:00.000Z", to: "2026-11-02T00:00:00.000Z" } }],
  ["every sort", { sort: "duration", descending: false }],
  ["oldest first", { sort: "opened", descending: false }],
  ["page", { page: 7 }],
  [
    "filters",
    {
      filters: [
        { column: "country", contains: "a:b~c" },
        { column: "rating", in: ["suspicious", "malicious"] },
        { column: "events", min: "2", max: "9" },
        { column: "duration", max: "60" },
        { column: "opened", min: "2026-11-01T00:00:00.000Z" },
      ],
    },
  ],
];

describe("the address", () => {
  test.each(states)("%s survives writing and reading", (_, change) => {
    const state = { ...defaultState, ...change };
    expect(parseState(writeState(state).toString())).toEqual(state);
  });

  test("every column can be sorted both ways", () => {
    for (const sort of columns) {
      for (const descending of [true, false]) {
        const state = { ...defaultState, sort, descending };
        expect(parseState(writeState(state).toString())).toEqual(state);
      }
    }
  });

  test.each([
    "sort=-nonsense&page=-3&last=99y",
    "page=1e99&filter=x&filter=rating:&filter=nope:in:a&filter=events:evil:1&filter=events:range:~",
    "from=yesterday&to=today",
    "from=2026-11-02T00:00:00Z&to=2026-11-01T00:00:00Z",
    "last=__proto__",
    "%%%",
  ])("a mangled one falls back: %s", (search) => {
    expect(parseState(search)).toEqual(defaultState);
  });
});

describe("the query", () => {
  const now = new Date("2026-11-21T12:00:00.000Z");

  test("the default is the last hour, newest first", () => {
    expect(toQuery(defaultState, "production", now)).toEqual({
      environment: "production",
      from: "2026-11-21T11:00:00.000Z",
      to: "2026-11-21T12:00:00.000Z",
      sort: "opened",
      descending: true,
      limit: 100,
    });
  });

  test("a page moves the offset; a field without values is no condition", () => {
    const query = toQuery({ ...defaultState, field: "email", page: 3 }, "production", now);
    expect(query.offset).toBe(200);
    expect(query.field).toBeUndefined();
  });

  test("only dates that reach now can bring news", () => {
    expect(isOpenEnded({ last: "15m" }, now)).toBe(true);
    expect(isOpenEnded({ from: "2026-11-20T00:00:00Z", to: "2026-11-21T11:59:59Z" }, now)).toBe(false);
    expect(isOpenEnded({ from: "2026-11-20T00:00:00Z", to: "2026-11-22T00:00:00Z" }, now)).toBe(true);
  });
});

describe("values", () => {
  test.each([
    ["a", ["a"]],
    [" a , b,, c ", ["a", "b", "c"]],
    ['"Doe, Jane", x', ["Doe, Jane", "x"]],
    ['"say ""hi""",b', ['say "hi"', "b"]],
    ['5" pipe', ['5" pipe']],
    ["a,a", ["a"]],
    [" , ", []],
    ['"open, end', ["open, end"]],
  ])("%s", (input, values) => {
    expect(splitValues(input)).toEqual(values);
    expect(splitValues(joinValues(values))).toEqual(values);
  });
});
