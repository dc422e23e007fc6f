import { describe, expect, test } from "vitest";
import { ruleset } from "../../../api/payment-rulesets";
import { golden } from "../../../test/hub";
import { draftText } from "./RulesetEditor";
import { byContext } from "./RulesetsPage";
import { readCondition, window } from "./condition-text";
import { locate } from "./locate";

const sample = ruleset(golden("payment-ruleset.json"), "");

describe("conditions in words", () => {
  test.each([
    [{ op: "gte", field: "$.transaction.amount", value: 75000 }, "$.transaction.amount ≥ 75000"],
    [{ op: "neq", field: "$.billing.country", value_field: "$.shipping.country" }, "$.billing.country ≠ $.shipping.country"],
    [{ op: "in", field: "$.billing.country", values: ["X", "Y"] }, '$.billing.country is one of ["X","Y"]'],
    [{ op: "in", field: "$.customer.id", list: "trusted" }, "$.customer.id is on the list trusted"],
    [{ op: "velocity", field: "$.device.ip", window_seconds: 3600, cmp: "gt", value: 5 }, "payments per $.device.ip within 1 h > 5"],
    [
      { op: "velocity_distinct", field: "$.device.ip", of: "$.credential_fingerprint", window_seconds: 5400, cmp: "gte", value: 3, scope: "context" },
      "different $.credential_fingerprint per $.device.ip within 90 min in this context ≥ 3",
    ],
    [{ op: "exists", field: "$.device.session" }, "$.device.session is there"],
    [{ op: "matches", field: "$.customer.email", pattern: "^a" }, '$.customer.email matches "^a"'],
    [{ op: "cidr", field: "$.device.ip", values: ["10.0.0.0/8"] }, '$.device.ip is in the network ["10.0.0.0/8"]'],
    [{ op: "newer", field: "$.a" }, '{"op":"newer","field":"$.a"}'],
    ["gt($.a, 1)", "gt($.a, 1)"],
    [null, "null"],
  ])("%j", (condition, text) => expect(readCondition(condition)).toEqual({ text, args: [] }));

  test("nest", () => {
    const exists = { op: "exists", field: "$.a" };
    expect(readCondition({ op: "and", args: [exists, { op: "not", arg: exists }] })).toEqual({
      text: "all of",
      args: [
        { text: "$.a is there", args: [] },
        { text: "not", args: [{ text: "$.a is there", args: [] }] },
      ],
    });
  });

  test("windows", () => {
    expect([1, 90, 3600, 86400, 129600].map(window)).toEqual(["1 s", "90 s", "1 h", "1 d", "36 h"]);
    expect(window("x")).toBe('"x"');
  });
});

describe("the place of a path", () => {
  const text = draftText(sample);
  const at = (path: string) => {
    const { from, to } = locate(text, path);
    return text.slice(from, to);
  };

  test("is that of the value", () => {
    expect(at("$.rules[0].id")).toBe('"bad-card"');
    expect(at("$.rules[1].condition.args[1].cmp")).toBe('"gt"');
    expect(at("$.rules[2].members[1].backend")).toBe('"link-prod/ravelin"');
    expect(at("$.score.review_at")).toBe("50");
    expect(text.split("\n")[locate(text, "$.rules[1].condition.args[0].value").line - 1]).toContain('"value": 10');
  });

  test("is that of the nearest thing around what is missing", () => {
    expect(at("$.rules[1].condition.args[0].missing")).toContain('"$.journey.cards_in_session"');
    expect(at("$.rules[99].id").startsWith("[")).toBe(true);
    expect(at("$")).toBe(text);
    expect(at("nonsense")).toBe(text);
  });

  test("is told of every value of a document, and never fails on what is no JSON", () => {
    const document = { a: [1, [2, { 'k"ey': "x,]}" }], {}], b: { c: null, d: [true, false] } };
    const written = JSON.stringify(document, null, 1);
    const visit = (value: unknown, path: string) => {
      const { from, to } = locate(written, path);
      expect(JSON.parse(written.slice(from, to))).toEqual(value);
      if (Array.isArray(value)) value.forEach((item, index) => visit(item, `${path}[${index}]`));
      else if (typeof value === "object" && value !== null) Object.entries(value).forEach(([key, item]) => visit(item, `${path}.${key}`));
    };
    visit(document, "$");
    for (const broken of ["", "{", '{"a"', '{"a":', "[1,", "]", '{"a":1]', '"', "{,}", "[[[["]) {
      expect(locate(broken, "$.a[0].b").line).toBe(1);
    }
  });
});

test("rulesets are told by context, the newest version first", () => {
  const versions = [1, 3, 2].map((version) => ({ ...sample, version, context: version === 2 ? "basket" : "checkout" }));
  expect(byContext(versions).map(([context, list]) => [context, list?.map(({ version }) => version)])).toEqual([
    ["basket", [2]],
    ["checkout", [3, 1]],
  ]);
  expect(byContext(undefined)).toEqual([["", undefined]]);
});

test("the editor begins with what the server would take", () => {
  const draft = JSON.parse(draftText(sample)) as Record<string, unknown>;
  const raw = golden("payment-ruleset.json") as Record<string, unknown>;
  expect(draft).toEqual({ description: raw.description, rules: raw.rules, score: raw.score });
});
