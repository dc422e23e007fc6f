import { describe, expect, test } from "vitest";
import * as decode from "../../api/decoders";
import { golden } from "../../test/hub";
import { columnInfos, describeFilter } from "./columns";
import { groupFields, matchFields } from "./field-options";
import { boundText, countryCode, makeFilter } from "./filter-draft";
import { columns } from "../../state/search-state";
import type { Column } from "../../api/types";

const empty = { contains: "", in: [], min: "", max: "" };

function info(column: Column) {
  const found = columnInfos.find((candidate) => candidate.column === column);
  if (!found) throw new Error(`no column ${column}`);
  return found;
}

test("the table has the columns of the wire, in their order", () => {
  expect(columnInfos.map(({ column }) => column)).toEqual(columns);
  expect(columnInfos.map(({ title }) => title)).toEqual([
    "Session ID",
    "Session UTC",
    "Session Risk Rating",
    "# Events",
    "# Labels",
    "Duration",
    "Country",
    "City",
    "IP Address",
  ]);
});

describe("filters", () => {
  test.each<[string, ReturnType<typeof makeFilter>, unknown]>([
    ["text", makeFilter(info("city"), { ...empty, contains: " paris " }), { filter: { column: "city", contains: "paris" } }],
    ["country by name", makeFilter(info("country"), { ...empty, contains: "france" }), { filter: { column: "country", contains: "FR" } }],
    ["ratings", makeFilter(info("rating"), { ...empty, in: ["malicious"] }), { filter: { column: "rating", in: ["malicious"] } }],
    ["all ratings are none", makeFilter(info("rating"), { ...empty, in: ["malicious", "normal", "suspicious"] }), { filter: undefined }],
    ["numbers", makeFilter(info("events"), { ...empty, min: "2" }), { filter: { column: "events", min: "2" } }],
    ["durations", makeFilter(info("duration"), { ...empty, max: "5m" }), { filter: { column: "duration", max: "300" } }],
    ["times", makeFilter(info("opened"), { ...empty, min: "2026-11-21T10:00" }), { filter: { column: "opened", min: "2026-11-21T10:00:00.000Z" } }],
    ["nothing", makeFilter(info("events"), empty), { filter: undefined }],
    ["no number", makeFilter(info("events"), { ...empty, min: "many" }), { fault: "Enter a whole number." }],
    ["turned round", makeFilter(info("events"), { ...empty, min: "10", max: "9" }), { fault: "The least is more than the most." }],
  ])("%s", (_, made, expected) => expect(made).toEqual(expected));

  test("in words", () => {
    expect(describeFilter({ column: "events", min: "10" })).toBe("# Events ≥ 10");
    expect(describeFilter({ column: "duration", min: "60", max: "300" })).toBe("Duration 1 m – 5 m");
    expect(describeFilter({ column: "rating", in: ["malicious", "normal"] })).toBe("Session Risk Rating: Normal or Malicious");
    expect(describeFilter({ column: "city", contains: "x" })).toBe("City contains “x”");
  });

  test("a bound stands in the panel so that reading it again changes nothing", () => {
    for (const seconds of ["0", "7", "90", "3661", "90061", "0.25"]) {
      const min = boundText("duration", seconds);
      expect(makeFilter(info("duration"), { ...empty, min })).toEqual({ filter: { column: "duration", min: seconds } });
    }
  });

  test("a country that nobody knows stays as typed", () => expect(countryCode("Atlantis")).toBe("Atlantis"));
});

describe("field options", () => {
  const { fields } = decode.fields(golden("hub-fields.json"), "");

  test("all sessions and every field, when nothing is typed", () => {
    expect(matchFields(fields, "")).toHaveLength(fields.length + 1);
    expect(groupFields(fields)[0]?.group).toBe("Session");
  });

  test("words narrow in any order, members of a group stay together", () => {
    expect(matchFields(fields, "risk session").map(({ name }) => name)).toEqual(["session_risk_rating"]);
    expect(matchFields(fields, "no such field")).toEqual([]);
    const groups = matchFields(fields, "a").map(({ group }) => group);
    expect(groups).toEqual(groupFields(matchFields(fields, "a")).flatMap(({ group, members }) => members.map(() => group)));
  });
});
