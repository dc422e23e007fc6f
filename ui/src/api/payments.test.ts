import { describe, expect, test } from "vitest";
import { fakeHub, golden, refuse } from "../test/hub";
import { ApiError, change, post, read } from "./client";
import type { Decoder } from "./decode";
import { object, text } from "./decode";
import { analytics } from "./payment-analytics";
import { decision } from "./payment-decisions";
import * as interceptors from "./payment-interceptors";
import { report, ruleset } from "./payment-rulesets";
import { partOf, paymentPath } from "./payments";

/** Known to the API, of no use to a person. */
const unshown = ["link_timing", "has_backend_error", "bad_entity_count", "decision_id", "raw", "const"];

/** Paths that the file has and the decoded value lost. */
function lost(raw: unknown, decoded: unknown, path = ""): string[] {
  if (typeof raw !== "object" || raw === null) return [];
  if (typeof decoded !== "object" || decoded === null) return [path];
  return Object.entries(raw).flatMap(([key, value]: [string, unknown]) => {
    if (unshown.includes(key) || value === null) return [];
    const found = (decoded as Record<string, unknown>)[key];
    return found === undefined ? [`${path}.${key}`] : lost(value, found, `${path}.${key}`);
  });
}

describe("the golden files", () => {
  test.each<[string, Decoder<unknown>]>([
    ["payment-decision.json", decision],
    ["payment-ruleset.json", ruleset],
    ["payment-report.json", report],
    ["payment-analytics.json", analytics],
  ])("%s is read whole", (name, decoder) => {
    const raw = golden(name);
    expect(lost(raw, decoder(raw, ""))).toEqual([]);
  });

  test("the answer of a list keeps the cursor of its link only", () => {
    const page = partOf(decision)(golden("payment-decisions.json"), "");
    expect(page.data).toHaveLength(2);
    expect(page.next).toBe("cursor-2");
    expect(partOf(text)({ data: null, links: { next: null } }, "")).toEqual({ data: [], next: "" });
    expect(partOf(text)({ data: ["a"] }, "")).toEqual({ data: ["a"], next: "" });
  });

  test("what is not agreed is named by its path", () => {
    const raw = golden("payment-decision.json") as Record<string, unknown>;
    expect(() => decision({ ...raw, decision: "PERHAPS" }, "")).toThrow("decision: expected one of ALLOW, REVIEW, BLOCK, PROVISIONAL");
    expect(() => decision({ ...raw, journey: { rating: "dreadful" } }, "")).toThrow("journey.rating");
    expect(() => decision({ ...raw, amount: "12" }, "")).toThrow("amount: expected a number");
  });

  test("a condition of absurd depth is cut", () => {
    let condition: unknown = { op: "eq", text: "innermost", result: true };
    for (let depth = 0; depth < 500; depth++) condition = { op: "not", text: "not", result: true, args: [condition] };
    const raw = golden("payment-decision.json") as Record<string, unknown>;
    const read = decision({ ...raw, explanation: [{ rule_id: "r", condition }] }, "");
    expect(JSON.stringify(read.explanation)).not.toContain("innermost");
  });
});

test("an address leaves empty parameters out", () => {
  expect(paymentPath("production", "decisions", { context: "", reference: "a&b" })).toBe("/payments/decisions?environment=production&reference=a%26b");
});

const anything = object<Record<string, never>>({});

describe("refusals", () => {
  const problems = [{ field: "$.rules[0].id", code: "required", message: "is needed" }];

  test("of the decision API are read with every fault", async () => {
    fakeHub({ "/payments/x": () => new Response(JSON.stringify({ code: "VALIDATION_FAILED", message: "the request is not valid", request_id: "1", errors: problems }), { status: 422 }) });
    const error = await post("/payments/x", {}, anything).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, code: "VALIDATION_FAILED", field: "$.rules[0].id", problems });
  });

  test("of the Hub are read as before", async () => {
    fakeHub({ "/payments/x": () => refuse(404, "payments_off", "nothing here") });
    const error = await read("/payments/x", anything).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ status: 404, code: "payments_off", problems: [] });
  });

  test("a change tells which state it changes", async () => {
    fakeHub();
    let sent: RequestInit | undefined;
    const original = globalThis.fetch;
    globalThis.fetch = (_: unknown, init?: RequestInit) => {
      sent = init;
      return Promise.resolve(new Response("{}"));
    };
    await change("/payments/x", { a: 1 }, anything, '"7"');
    globalThis.fetch = original;
    expect(sent).toMatchObject({ method: "PATCH", body: '{"a":1}', headers: { "If-Match": '"7"' } });
  });
});

test("what is sent of an interceptor is what was read", () => {
  const raw = golden("payment-interceptor.json") as { field_mapping: unknown[] };
  const page = partOf<interceptors.Interceptor>((value) => value as interceptors.Interceptor);
  expect(page({ data: [raw] }, "").data).toHaveLength(1);
  expect(interceptors.written({ source: "", constant: "masked_pan", filter: "", target: "credential.type" })).toEqual(raw.field_mapping[1]);
  expect(interceptors.written({ source: "$.card.number", constant: undefined, filter: "first(6)", target: "credential.first_six" })).toEqual(raw.field_mapping[2]);
});
