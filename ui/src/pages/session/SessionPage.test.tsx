import { fireEvent, screen, within, act, waitFor } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import * as decode from "../../api/decoders";
import { openAt } from "../../test/app";
import { FakeEventSource } from "../../test/event-source";
import { fakeHub, golden, refuse } from "../../test/hub";
import { together } from "./FindingsCard";
import { visitorsOf } from "./SpareDialog";
import { velocity } from "./Spotlight";

const story = decode.story(golden("hub-story.json"), "");
const { session } = story;
const path = `/sessions/${session.session_id}`;

async function open() {
  const asked = fakeHub();
  openAt(`${path}?env=production`);
  await screen.findByTestId("rating-banner");
  return asked;
}

describe("the session page", () => {
  test("shows the rating and the spotlight", async () => {
    await open();
    expect(within(screen.getByTestId("rating-banner")).getByText("Malicious Session")).toBeTruthy();
    const spotlight = screen.getByRole("region", { name: "Session Spotlight" });
    for (const text of [session.session_id, session.journey_id, "3 m 33 s", "13", "3.7 / min"]) {
      expect(within(spotlight).getByText(text)).toBeTruthy();
    }
  });

  test("lists events newest first; each unfolds to why its labels were placed", async () => {
    await open();
    const rows = screen.getAllByTestId("event-row");
    expect(rows.map((row) => row.dataset.eventRow)).toEqual(story.events.map(({ event }) => event.id));
    const index = story.events.findIndex(({ verdict }) => verdict.labels.some(({ name }) => name === "Account Takeover"));
    fireEvent.click(within(rows[index] as HTMLElement).getByRole("button"));
    const whys = screen.getAllByTestId("why-panel").map((panel) => panel.textContent);
    expect(whys.some((text) => text.includes('session.label("High Velocity Logins")') && text.includes("true"))).toBe(true);
    expect(screen.getByRole("table", { name: "Entities" })).toBeTruthy();
    expect(screen.getByText("Joined by")).toBeTruthy();
  });

  test("every event unfolds without losing an element, action or issue", async () => {
    await open();
    for (const { event, verdict } of story.events) {
      const row = document.getElementById(`event-${event.id}`) as HTMLElement;
      fireEvent.click(within(row).getByRole("button"));
      const detail = document.getElementById(`detail-${event.id}`)?.textContent ?? "";
      for (const element of event.elements) expect(detail).toContain(element.display || element.value);
      for (const action of event.actions) expect(detail).toContain(action.name);
      for (const label of verdict.labels) expect(detail).toContain(label.name);
      for (const failed of verdict.errors) expect(detail).toContain(failed.error);
      fireEvent.click(within(row).getByRole("button"));
    }
  });

  test("a label of the card opens its reasons and leads to its event", async () => {
    await open();
    const card = screen.getByRole("region", { name: "Actions, Signatures, and Session Labels" });
    fireEvent.click(within(card).getByRole("button", { name: /^High Velocity Logins/ }));
    const why = within(card).getByTestId("why-panel");
    expect(why.textContent).toContain("6 login attempts from one address within a minute");
    fireEvent.click(within(why).getByRole("button", { name: /show the event/ }));
    const placed = story.labels.find(({ name }) => name === "High Velocity Logins");
    expect(document.getElementById(`detail-${placed?.event_id ?? ""}`)).toBeTruthy();
  });

  test("narrows the events by type and label, and shows all again", async () => {
    await open();
    fireEvent.change(screen.getByRole("combobox", { name: "Event type" }), { target: { value: "transaction" } });
    expect(screen.getAllByTestId("event-row")).toHaveLength(1);
    fireEvent.change(screen.getByRole("combobox", { name: "Session label" }), { target: { value: "Account Takeover" } });
    expect(screen.queryAllByTestId("event-row")).toHaveLength(0);
    fireEvent.click(screen.getByRole("button", { name: "Show all events" }));
    expect(screen.getAllByTestId("event-row")).toHaveLength(story.events.length);
  });

  test("the chart's bubbles hold every event", async () => {
    await open();
    const bubbles = screen.getAllByRole("button", { name: /^\d+ events?, (Normal|Suspicious|Malicious)/ });
    const total = bubbles.reduce((sum, bubble) => sum + Number.parseInt(bubble.getAttribute("aria-label") ?? "", 10), 0);
    expect(total).toBe(story.events.length);
    fireEvent.mouseEnter(bubbles[0] as HTMLElement);
    expect(document.querySelector(".tooltip")?.textContent).toContain(story.events.at(-1)?.event.name);
  });

  test("linked entities lead to a search for them", async () => {
    await open();
    const linked = screen.getByRole("table", { name: "Linked Sessions and Entities" });
    const link = within(linked).getByRole("link", { name: "214 related sessions: IP Address" });
    expect(link.getAttribute("href")).toBe("/search?field=ip_address&value=198.51.100.77&last=90d&env=production");
    expect(within(linked).queryByRole("link", { name: /^0 related/ })).toBeNull();
  });

  test("only its own events refresh it", async () => {
    const asked = await open();
    const loads = () => asked.filter((question) => question.path === path).length;
    const record = { event_id: "e", time: session.opened, rating: "normal", before: "normal" };
    const send = (id: string) => act(() => FakeEventSource.opened.at(-1)?.send("records", { records: [{ ...record, session_id: id }] }));
    send("another");
    send(session.session_id);
    await waitFor(() => expect(loads()).toBe(2));
  });
});

describe("actions", () => {
  test("what was done is told from what was asked for", async () => {
    await open();
    const last = story.events[0];
    fireEvent.click(within(document.getElementById(`event-${last?.event.id ?? ""}`) as HTMLElement).getByRole("button"));
    const detail = within(document.getElementById(`detail-${last?.event.id ?? ""}`) as HTMLElement);
    const done = detail.getByRole("heading", { name: "What was done" }).parentElement?.textContent;
    for (const text of ["pretend-paid", "Feigned answer", "done", "step 2 of 2", "policy stop-takeovers"]) expect(done).toContain(text);
    const asked = detail.getByRole("heading", { name: "What the verdict asked for" }).parentElement?.textContent;
    expect(asked).toContain("ask-for-proof");
    expect(asked).toContain("the policy was at a later step: pretend-paid");
  });

  test("the chart's flags say kind and outcome, withheld ones too", async () => {
    await open();
    const flags = [...document.querySelectorAll(".action-mark")].map((flag) => flag.getAttribute("aria-label"));
    expect(flags.some((label) => label?.includes("Feigned answer, done"))).toBe(true);
    expect(flags.some((label) => label?.includes("Check, withheld"))).toBe(true);
    expect(document.querySelectorAll(".action-mark-ended")).toHaveLength(1);
  });

  test("a visitor is let through with a reason", async () => {
    const until = "2026-11-22T10:30:00Z";
    const asked = fakeHub({ [`${path}/spare`]: () => ({ scope: "account", until }) });
    openAt(`${path}?env=production`);
    fireEvent.click(await screen.findByRole("button", { name: "Let this visitor through" }));
    const dialog = within(screen.getByRole("dialog", { name: "Let this visitor through" }));
    fireEvent.click(dialog.getByRole("radio", { name: /m\.rossi@example\.com/ }));
    fireEvent.click(dialog.getByRole("radio", { name: "8 hours" }));
    const send = dialog.getByRole("button", { name: "Let through" });
    expect(send.hasAttribute("disabled")).toBe(true);
    fireEvent.change(dialog.getByLabelText("Reason, for the audit"), { target: { value: "called support" } });
    fireEvent.submit(screen.getByRole("form", { name: "Let this visitor through" }));
    expect(await screen.findByText(/until 2026-11-22 10:30:00 UTC/)).toBeTruthy();
    expect(asked.find((question) => question.path === `${path}/spare`)?.body).toEqual({
      environment: "production",
      scope: "account",
      account: { element: "email", value: "m.rossi@example.com" },
      seconds: 28_800,
      reason: "called support",
    });
  });

  test("a viewer cannot let anybody through", async () => {
    fakeHub();
    openAt(`${path}?env=staging`);
    await screen.findByTestId("rating-banner");
    expect(screen.queryByRole("button", { name: "Let this visitor through" })).toBeNull();
  });

  test("a session of a person can stand for the person, one of very many accounts for none of them", () => {
    const name = (element: string) => element;
    const values = (of: typeof story) => visitorsOf(of, name).map(({ value }) => value);
    expect(values(story)).toEqual(["session", "device", "email:m.rossi@example.com", ...usernames].sort((a, b) => order(a) - order(b)));
    const [first] = story.events;
    if (!first) throw new Error("the golden story has no events");
    expect(values({ ...story, events: [{ ...first, session: { ...first.session, person: "p" } }] })).toContain("person");
    const element = { name: "username", kind: "entity", type: "string", display: "", parts: {} };
    const many = { ...first, event: { ...first.event, elements: Array.from({ length: 9 }, (_, index) => ({ ...element, value: `user-${index}` })) } };
    expect(values({ ...story, events: [many] })).toEqual(["session", "device"]);
  });
});

const usernames = [...new Set(story.events.flatMap(({ event }) => event.elements.filter(({ name }) => name === "username").map(({ value }) => `username:${value}`)))];

/** Sessions and devices first, then accounts by their element. */
function order(value: string): number {
  return ["session", "device", "username", "email"].indexOf(value.split(":")[0] ?? "");
}

test("a session that is not there is explained", async () => {
  fakeHub({ [path]: () => refuse(404, "no_such_session") });
  openAt(`${path}?env=production`);
  expect(await screen.findByText("There is no such session here")).toBeTruthy();
});

test("velocity", () => {
  expect(velocity({ ...session, events: 1, duration_seconds: 0 })).toBe("–");
  expect(velocity({ ...session, events: 1_000, duration_seconds: 30 })).toBe("2,000 / min");
});

describe("the end of the session", () => {
  test.each([
    [1_800, true],
    [0, false],
    [1e9, false],
  ])("with an idle timeout of %d seconds it is shown: %s", async (seconds, shown) => {
    fakeHub({ "/me": () => ({ ...(golden("hub-me.json") as object), session_idle_seconds: seconds }) });
    vi.setSystemTime(new Date(Date.parse(session.last_seen) + 3_600_000));
    openAt(`${path}?env=production`);
    await screen.findByTestId("rating-banner");
    expect(screen.queryByText(/^Session ended after: feigned answer/) !== null).toBe(shown);
    vi.useRealTimers();
  });
});

test("equal actions stand together with their number", () => {
  const [first] = story.actions;
  if (!first) throw new Error("the golden story has no actions");
  const groups = together([first, { ...first, event_id: "later" }, { ...first, outcome: "failed" }]);
  expect(groups.map((group) => group.length)).toEqual([2, 1]);
  expect(groups[0]?.[0]).toBe(first);
});
