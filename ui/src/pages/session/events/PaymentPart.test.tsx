import { fireEvent, screen, within } from "@testing-library/react";
import { expect, test } from "vitest";
import * as decode from "../../../api/decoders";
import type { EventRecord } from "../../../api/types";
import { openAt } from "../../../test/app";
import { fakeHub, golden } from "../../../test/hub";
import { paymentOf } from "./PaymentPart";

interface RawStory {
  session: { session_id: string };
  events: { event: Record<string, unknown> }[];
}

/** The sample story with its first event made one about a payment. */
function paying(elements: Record<string, string>): RawStory {
  const story = golden("hub-story.json") as RawStory;
  const first = story.events[0];
  if (first) {
    const listed = Object.entries(elements).map(([name, value]) => ({ name, kind: name === "credential_fingerprint" ? "entity" : "attribute", type: "string", value }));
    first.event = { ...first.event, type: "payment_decision", elements: listed };
  }
  return story;
}

const elements = { decision_id: "01a1", decision_outcome: "REVIEW", decision_rules: "many-cards", credential_fingerprint: "crd_9" };

async function open(environment: string, permissions?: string[]) {
  const story = paying(elements);
  const me = golden("hub-me.json") as { environments: { permissions: string[] }[] };
  if (permissions) for (const one of me.environments) one.permissions = permissions;
  fakeHub({ [`/sessions/${story.session.session_id}`]: () => story, "/me": () => me });
  openAt(`/sessions/${story.session.session_id}?env=${environment}`);
  await screen.findByTestId("rating-banner");
  return screen.getAllByTestId("event-row")[0] as HTMLElement;
}

test("a payment's event shows the outcome in its row and leads to the decision", async () => {
  const row = await open("production");
  expect(within(row).getByText("Review")).toBeTruthy();
  fireEvent.click(within(row).getByRole("button"));
  const part = within(screen.getByTestId("payment-part"));
  expect(part.getByText("by many-cards")).toBeTruthy();
  expect(part.getByRole("link", { name: "Open the decision" }).getAttribute("href")).toBe("/payments/decisions/01a1?env=production");
  expect(part.getByRole("link", { name: "crd_9" }).getAttribute("href")).toBe("/entities/credential_fingerprint/crd_9?env=production");
});

test("people who may not see payments see the outcome without the way there", async () => {
  const row = await open("production", ["sessions:view"]);
  fireEvent.click(within(row).getByRole("button"));
  expect(within(screen.getByTestId("payment-part")).queryByRole("link", { name: "Open the decision" })).toBeNull();
});

test("only events about payments mention one; what cannot be read is left out", () => {
  const read = (story: RawStory) => decode.story(story, "").events as [EventRecord, ...EventRecord[]];
  const [first, ...others] = read(paying({ decision_outcome: "perhaps" }));
  expect(paymentOf(first)).toEqual({ id: "", outcome: undefined, rules: "", card: "" });
  expect(others.map(paymentOf).every((mention) => mention === undefined)).toBe(true);
  expect(paymentOf(read(paying({ ...elements, decision_outcome: "block" }))[0])?.outcome).toBe("BLOCK");
});

test("entities of a session lead to their own page", async () => {
  const row = await open("production");
  fireEvent.click(within(row).getByRole("button"));
  const [link] = screen.getAllByRole("link", { name: "All that is known of it" });
  expect(link?.getAttribute("href")).toBe("/entities/credential_fingerprint/crd_9?env=production");
});
