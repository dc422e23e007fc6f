import { describe, expect, test } from "vitest";
import { presets } from "../../state/search-state";
import { parseSearch, resolved, spanOf, writeSearch } from "./decisions/decision-search";
import { micros, money, moneys, portion, seen } from "./words";

test("amounts have the decimals of their currency", () => {
  expect(money(12900, "EUR")).toBe("129.00 EUR");
  expect(money(12900, "JPY")).toBe("12,900 JPY");
  expect(money(1234567, "KWD")).toBe("1,234.567 KWD");
  expect(money(100, "?")).toBe("1.00 ?");
  expect(moneys({ USD: 100, EUR: 250 })).toBe("2.50 EUR, 1.00 USD");
  expect(moneys({})).toBe("–");
});

test("small words", () => {
  expect(micros(430)).toBe("430 µs");
  expect(micros(4_212)).toBe("4.2 ms");
  expect(portion(undefined)).toBe("–");
  expect(portion(0.0425)).toBe("4.25 %");
  expect(portion(1)).toBe("100 %");
  expect(seen("x".repeat(500))).toHaveLength(158);
});

describe("the search in the address", () => {
  test("is written and read again", () => {
    const search = parseSearch(new URLSearchParams("decision=REVIEW&customer_id=c-1&last=7d"));
    expect(search).toMatchObject({ span: "7d", query: { decision: "REVIEW", customer_id: "c-1", context: "" } });
    expect(parseSearch(new URLSearchParams(writeSearch(search)))).toEqual(search);
    const fixed = parseSearch(new URLSearchParams("from=2026-11-01T00:00:00Z&to=2026-11-02T00:00:00Z"));
    expect(fixed.span).toBe("fixed");
    expect(parseSearch(new URLSearchParams(writeSearch(fixed)))).toEqual(fixed);
  });

  test("that is mangled asks for all", () => {
    const search = parseSearch(new URLSearchParams("decision=PERHAPS&last=toString&from=x&to=2026-11-02T00:00:00Z"));
    expect(writeSearch(search)).toEqual({});
  });

  test("is fixed when it is asked", () => {
    const now = new Date("2026-11-21T10:30:00Z");
    const { query, span } = parseSearch(new URLSearchParams("last=24h"));
    const asked = resolved({ query, span }, now);
    expect(Date.parse(asked.to) - Date.parse(asked.from)).toBe(presets["24h"].seconds * 1_000);
    expect(resolved(parseSearch(new URLSearchParams()), now).from).toBe("");
    expect(spanOf("2026-11-02T00:00:00", "2026-11-01T00:00:00")).toBeUndefined();
    expect(spanOf("", "2026-11-01T00:00:00")).toBeUndefined();
  });
});
