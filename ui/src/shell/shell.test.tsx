import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import * as decode from "../api/decoders";
import type { Health } from "../api/types";
import { addressBar, openAt } from "../test/app";
import { FakeEventSource } from "../test/event-source";
import { fakeHub, golden, refuse } from "../test/hub";
import { summarise } from "./health";

const health = decode.health(golden("hub-health.json"), "");

describe("health in a word", () => {
  test.each<[string, Health | undefined, string]>([
    ["no answer", undefined, "Unknown"],
    ["all well", health, "Healthy"],
    ["behind", { ...health, warehouse: { state: "behind", lag_records: 4_000, detail: "" } }, "4,000 events behind"],
    ["no warehouse", { ...health, warehouse: { state: "unavailable", lag_records: 0, detail: "" } }, "Warehouse unavailable"],
    ["full disk", { ...health, log: { state: "full", acknowledged: 0, detail: "" } }, "Log not writing"],
  ])("%s", (_, state, text) => expect(summarise(state, "live").text).toBe(text));

  test("a lost stream is said", () => expect(summarise(health, "lost").level).toBe("uneasy"));
});

test("health comes over the stream and shows what was shed", async () => {
  fakeHub();
  openAt("/search");
  await screen.findByRole("button", { name: "System health: Healthy" });
  act(() => FakeEventSource.opened.at(-1)?.send("health", { ...health, warehouse: { state: "unavailable", lag_records: 9, detail: "locked" } }));
  fireEvent.click(await screen.findByRole("button", { name: "System health: Warehouse unavailable" }));
  expect(screen.getByText("Shed: queue full").nextSibling?.textContent).toBe("6");
  expect(screen.getByText(health.location.attribution)).toBeTruthy();
});

describe("mitigation on every page", () => {
  test("an open breaker is said, and its end too", async () => {
    fakeHub();
    openAt("/search");
    expect((await screen.findByTestId("mitigation-banner")).textContent).toContain("A circuit breaker is open: slow-scrapers since 10:26:00 UTC");
    act(() => FakeEventSource.opened.at(-1)?.send("health", { ...health, mitigation: { open: [] } }));
    await waitFor(() => expect(screen.queryByTestId("mitigation-banner")).toBeNull());
  });

  test("a stop is said with who, why and until when", async () => {
    fakeHub();
    openAt("/administration/users?env=production");
    await screen.findByTestId("mitigation-banner");
    const stop = { until: "2026-11-21T10:45:00Z", who: "ada@shop.example", why: "a bad policy" };
    act(() => FakeEventSource.opened.at(-1)?.send("health", { ...health, mitigation: { stop, open: [] } }));
    await waitFor(() =>
      expect(screen.getByTestId("mitigation-banner").textContent).toContain("All mitigation is stopped until 2026-11-21 10:45:00 UTC by ada@shop.example: a bad policy."),
    );
    expect(screen.getByTestId("mitigation-banner").querySelector("a")?.getAttribute("href")).toBe("/mitigation?env=production");
  });
});

test("another environment starts a search of its own and a stream of its own", async () => {
  const asked = fakeHub();
  openAt("/search?field=email&value=a@b.example");
  await screen.findAllByTestId("result-row");
  fireEvent.click(screen.getByRole("button", { name: "Environment: production" }));
  fireEvent.click(screen.getByRole("button", { name: /staging/ }));
  await waitFor(() => expect(FakeEventSource.opened.at(-1)?.url).toBe("/api/v1/live?environment=staging"));
  expect(addressBar().get("field")).toBeNull();
  expect(asked.filter(({ path }) => path === "/sessions/search").at(-1)?.body).toMatchObject({ environment: "staging" });
});

test("the theme turns and is kept", async () => {
  fakeHub();
  openAt("/search");
  const theme = () => document.documentElement.dataset.theme;
  fireEvent.click(await screen.findByRole("button", { name: /^Theme: as the system/ }));
  expect(theme()).toBe("light");
  fireEvent.click(screen.getByRole("button", { name: /^Theme: light/ }));
  expect(theme()).toBe("dark");
  expect(localStorage.getItem("wayguard-theme")).toBe("dark");
  fireEvent.click(screen.getByRole("button", { name: /^Theme: dark/ }));
  expect(theme()).toBeUndefined();
});

test("a new password is checked before it is sent, and a wrong old one is said", async () => {
  const asked = fakeHub({ "/password": () => refuse(400, "wrong_password", "the current password is wrong") });
  openAt("/search");
  fireEvent.click(await screen.findByRole("button", { name: "Your account" }));
  fireEvent.click(screen.getByRole("button", { name: "Change password" }));
  const enter = (label: string, value: string) => fireEvent.change(screen.getByLabelText(label), { target: { value } });
  const send = screen.getByRole("button", { name: "Change password" });
  enter("Current password", "old");
  enter("New password", "four small words");
  enter("New password again", "four small word");
  expect(send.hasAttribute("disabled")).toBe(true);
  enter("New password again", "four small words");
  fireEvent.click(send);
  expect((await screen.findByRole("alert")).textContent).toBe("The current password is not right.");
  expect(asked.at(-1)?.body).toEqual({ current: "old", new: "four small words" });
});
