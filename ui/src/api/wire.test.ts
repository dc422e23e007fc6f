import { describe, expect, test } from "vitest";
import * as mitigation from "./mitigation";
import { golden, goldenText } from "../test/hub";
import type { Decoder } from "./decode";
import * as decode from "./decoders";
import { explanation } from "./explanation";

const files: [string, Decoder<unknown>][] = [
  ["hub-me.json", decode.me],
  ["hub-fields.json", decode.fields],
  ["hub-page.json", decode.page],
  ["hub-story.json", decode.story],
  ["hub-explanation.json", explanation],
  ["hub-totals.json", decode.totals],
  ["hub-health.json", decode.health],
  ["hub-users.json", decode.users],
  ["hub-audit.json", decode.audit],
  ["hub-mitigation.json", mitigation.status],
  ["hub-effects.json", mitigation.effects],
  ["hub-affected.json", mitigation.affected],
  ["hub-accounts.json", mitigation.accounts],
];

/** Known to the server, of no use to a person. */
const unshown = ["evidence", "environment"];

/** Paths that the file has and the decoded value lost. */
function lost(raw: unknown, decoded: unknown, path = ""): string[] {
  if (typeof raw !== "object" || raw === null) return [];
  if (typeof decoded !== "object" || decoded === null) return [path];
  return Object.entries(raw).flatMap(([key, value]: [string, unknown]) => {
    if (unshown.includes(key)) return [];
    const found = (decoded as Record<string, unknown>)[key];
    return found === undefined ? [`${path}.${key}`] : lost(value, found, `${path}.${key}`);
  });
}

describe("the golden files", () => {
  test.each(files)("%s is read whole", (name, decoder) => {
    const raw = golden(name);
    expect(lost(raw, decoder(raw, ""))).toEqual([]);
  });

  test("the live stream's messages are read", () => {
    const messages = [...goldenText("hub-live.txt").matchAll(/^event: (\w+)\ndata: (.*)$/gm)];
    const kinds = messages.map(([, kind]) => kind);
    expect(kinds).toContain("records");
    expect(kinds).toContain("health");
    for (const [, kind, data = ""] of messages) {
      const decoder: Decoder<object> = kind === "records" ? decode.liveBatch : decode.health;
      expect(lost(JSON.parse(data), decoder(JSON.parse(data), ""))).toEqual([]);
    }
  });

  test("a wrong value is named by its path", () => {
    const page = golden("hub-page.json") as { sessions: Record<string, unknown>[] };
    if (page.sessions[1]) page.sessions[1].rating = "dreadful";
    expect(() => decode.page(page, "")).toThrow("sessions[1].rating: expected one of normal, suspicious, malicious");
    expect(() => decode.totals({ sessions: "1" }, "")).toThrow("sessions: expected a number");
    expect(() => decode.me(null, "")).toThrow("answer: expected an object");
  });

  test("what Go leaves out is empty", () => {
    const story = { session: (golden("hub-page.json") as { sessions: unknown[] }).sessions[0] };
    expect(decode.story(story, "")).toMatchObject({ events: [], truncated: false, labels: [], actions: [], linked: [] });
  });
});
