import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import * as decode from "../../api/mitigation";
import { openAt } from "../../test/app";
import { FakeEventSource } from "../../test/event-source";
import { fakeHub, golden, refuse } from "../../test/hub";
import { cohort } from "./ChecksCard";
import { labelled } from "./EffectChart";
import { rated } from "./EffectDetail";

const status = decode.status(golden("hub-mitigation.json"), "");
const effects = decode.effects(golden("hub-effects.json"), "");
const affected = decode.affected(golden("hub-affected.json"), "");
const accounts = decode.accounts(golden("hub-accounts.json"), "");
const replies = {
  "/mitigation": () => golden("hub-mitigation.json"),
  "/mitigation/effects": () => golden("hub-effects.json"),
  "/mitigation/affected": () => golden("hub-affected.json"),
  "/mitigation/accounts": () => golden("hub-accounts.json"),
};
const stopped = { ...(golden("hub-mitigation.json") as object), stop: { since: "2026-11-21T10:20:00Z", until: "2026-11-21T10:35:00Z", who: "ada@shop.example", why: "a bad policy" } };

async function open(more: Parameters<typeof fakeHub>[0] = {}) {
  const asked = fakeHub({ ...replies, ...more });
  openAt("/mitigation?env=production");
  await screen.findAllByTestId("policy-row");
  await screen.findAllByTestId("account-row");
  return asked;
}

function policyRow(name: string): HTMLElement {
  const row = document.querySelector<HTMLElement>(`[data-policy-row="${name}"]`);
  if (!row) throw new Error(`no row of ${name}`);
  return row;
}

describe("policies", () => {
  test("say what they are and did, and an open breaker loudly", async () => {
    await open();
    expect(screen.getAllByTestId("policy-row")).toHaveLength(status.policies.length);
    const takeovers = within(policyRow("stop-takeovers"));
    for (const text of ["Check", "Feigned answer", "10 % control", "quiet hours", "4,990", "217", "246 → 12"]) {
      expect(takeovers.getAllByText(text, { exact: false }).length).toBeGreaterThan(0);
    }
    expect(within(policyRow("slow-scrapers")).getByText(/Breaker open since 10:26:00: 71 of 90 sessions, budget 60 %/)).toBeTruthy();
    expect(within(policyRow("try-decoys")).getByText("shadow")).toBeTruthy();
    expect(takeovers.getByRole("link", { name: "41 sessions dealt with by stop-takeovers" }).getAttribute("href")).toContain("field=policy&value=stop-takeovers");
  });

  test("unfold to what came of them, beside the control arm", async () => {
    await open();
    fireEvent.click(screen.getByRole("button", { name: "What stop-takeovers did" }));
    const detail = document.getElementById("policy-stop-takeovers")?.textContent ?? "";
    for (const text of ["246 → 4,990", "30 → 611", "21 m, at most 2 h 3 m", "2 normal, 4 suspicious, 35 malicious", "control arm", "180", "3 of 41 sessions"]) {
      expect(detail).toContain(text);
    }
    const bars = document.querySelectorAll(".effect-chart .bar-attempts");
    expect(bars).toHaveLength(effects.policies[0]?.buckets.length ?? 0);
    fireEvent.keyDown(policyRow("stop-takeovers"), { key: "Enter" });
    expect(document.getElementById("policy-stop-takeovers")).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "What tag-origin did" }));
    expect(screen.getByText("Nothing was asked of it: last 24 hours.")).toBeTruthy();
  });

  test("of another time are asked for", async () => {
    const asked = await open();
    fireEvent.change(screen.getByRole("combobox", { name: "Time" }), { target: { value: "7d" } });
    const days = () => {
      const query = asked.filter(({ path }) => path === "/mitigation/effects").at(-1)?.query;
      return (Date.parse(query?.get("to") ?? "") - Date.parse(query?.get("from") ?? "")) / 86_400_000;
    };
    await waitFor(() => expect(days()).toBe(7));
  });
});

describe("the switch", () => {
  test("stops all mitigation with a reason, and says who and until when", async () => {
    let told = false;
    const asked = await open({
      "/mitigation": () => (told ? stopped : golden("hub-mitigation.json")),
      "/mitigation/stop": () => {
        told = true;
        return stopped;
      },
    });
    fireEvent.click(screen.getByRole("button", { name: "Stop all mitigation" }));
    const dialog = within(screen.getByRole("dialog", { name: "Stop all mitigation" }));
    fireEvent.click(dialog.getByRole("radio", { name: "1 hour" }));
    const send = dialog.getByRole("button", { name: "Stop all mitigation" });
    expect(send.hasAttribute("disabled")).toBe(true);
    fireEvent.change(dialog.getByLabelText("Reason, for the audit"), { target: { value: "a bad policy" } });
    fireEvent.submit(screen.getByRole("form", { name: "Stop all mitigation" }));
    expect(await screen.findByText("All mitigation is stopped")).toBeTruthy();
    expect(screen.getByText(/By ada@shop.example since 2026-11-21 10:20:00 until 2026-11-21 10:35:00 UTC: a bad policy/)).toBeTruthy();
    expect(asked.find(({ path }) => path === "/mitigation/stop")?.body).toEqual({ environment: "production", seconds: 3_600, reason: "a bad policy" });
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("lets it go on without one", async () => {
    const asked = await open({ "/mitigation": () => stopped, "/mitigation/go": () => golden("hub-mitigation.json") });
    fireEvent.click(screen.getByRole("button", { name: "Resume" }));
    fireEvent.submit(screen.getByRole("form", { name: "Resume mitigation" }));
    await waitFor(() => expect(asked.find(({ path }) => path === "/mitigation/go")?.body).toEqual({ environment: "production", reason: "" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  test("a refusal stays in the dialog", async () => {
    await open({ "/mitigation/breaker": () => refuse(503, "store_unavailable", "the settings store does not answer") });
    fireEvent.click(screen.getByRole("button", { name: "Close the breaker of slow-scrapers" }));
    fireEvent.change(screen.getByLabelText("Reason, for the audit"), { target: { value: "mended" } });
    fireEvent.submit(screen.getByRole("form", { name: "Let slow-scrapers act again" }));
    await waitFor(() => expect(within(screen.getByRole("dialog")).getByRole("alert").textContent).toBe("The settings store does not answer."));
  });
});

test("an undo shows the people first, with links and a download", async () => {
  const asked = await open({ "/mitigation/undo": () => ({ affected: 3 }) });
  fireEvent.click(screen.getByRole("button", { name: "Undo stop-takeovers" }));
  expect(await screen.findAllByTestId("affected")).toHaveLength(affected.affected.length);
  const dialog = within(screen.getByRole("dialog", { name: "Undo stop-takeovers" }));
  expect(dialog.getByText("passed a check")).toBeTruthy();
  expect(dialog.getByRole("link", { name: "m.rossi" }).getAttribute("href")).toContain("field=username&value=m.rossi");
  expect(dialog.getByRole("link", { name: "Download all 3 as CSV" }).getAttribute("href")).toContain("/mitigation/affected.csv?environment=production&policy=stop-takeovers");
  expect(asked.some(({ path }) => path === "/mitigation/undo")).toBe(false);
  fireEvent.change(dialog.getByLabelText("Reason, for the audit"), { target: { value: "too wide" } });
  fireEvent.submit(screen.getByRole("form", { name: "Undo stop-takeovers" }));
  expect(await screen.findByText(/3 visitors are let go/)).toBeTruthy();
  const shown = asked.filter(({ path }) => path === "/mitigation/affected").at(-1)?.query.get("since");
  expect(asked.find(({ path }) => path === "/mitigation/undo")?.body).toEqual({ environment: "production", policy: "stop-takeovers", since: shown, reason: "too wide" });
});

test("checks, feigned answers, those let through and integrations stand beside", async () => {
  const asked = await open({ "/mitigation/unspare": () => golden("hub-mitigation.json") });
  expect(screen.getAllByTestId("check-row").map((row) => row.textContent)[0]).toContain("Chrome, United States, signed in");
  expect(screen.getByText("(97 %)")).toBeTruthy();
  expect(screen.getAllByTestId("feigned-row").map((row) => row.textContent)).toEqual([expect.stringContaining("ready"), expect.stringContaining("learning")]);
  expect(screen.getAllByTestId("integration-row")[1]?.textContent).toContain("does not answer");
  fireEvent.click(screen.getByRole("button", { name: "End for j.doe" }));
  await waitFor(() => expect(asked.find(({ path }) => path === "/mitigation/unspare")?.body).toEqual({ environment: "production", scope: "account", element: "username", key: "j.doe" }));
});

test("accounts to warn can be narrowed and downloaded", async () => {
  const asked = await open();
  expect(screen.getAllByTestId("account-row")).toHaveLength(accounts.accounts.length);
  expect(screen.getByText("5,000 tried, 2 of them have logged in before")).toBeTruthy();
  fireEvent.change(screen.getByRole("combobox", { name: "Policy" }), { target: { value: "stop-takeovers" } });
  await waitFor(() => expect(asked.filter(({ path }) => path === "/mitigation/accounts").at(-1)?.query.get("policy")).toBe("stop-takeovers"));
  expect(screen.getByRole("link", { name: "Download all accounts as CSV" }).getAttribute("href")).toContain("policy=stop-takeovers");
});

describe("when something is missing", () => {
  test("a viewer sees neither switches nor accounts", async () => {
    const asked = fakeHub(replies);
    openAt("/mitigation?env=staging");
    await screen.findAllByTestId("policy-row");
    for (const name of ["Stop all mitigation", "Close the breaker of slow-scrapers", "End for j.doe"]) expect(screen.queryByRole("button", { name })).toBeNull();
    expect(asked.some(({ path }) => path === "/mitigation/accounts")).toBe(false);
    fireEvent.click(screen.getByRole("button", { name: "Undo stop-takeovers" }));
    expect(await screen.findByText("Only administrators can undo it.")).toBeTruthy();
  });

  test("an environment that only looks on says so", async () => {
    fakeHub({ "/mitigation": () => refuse(404, "no_mitigation"), "/mitigation/effects": () => refuse(404, "no_mitigation") });
    openAt("/mitigation?env=production");
    expect(await screen.findByText("Nothing is done with requests here")).toBeTruthy();
  });

  test("without the warehouse the switches stand", async () => {
    fakeHub({ ...replies, "/mitigation/effects": () => refuse(503, "warehouse_unavailable"), "/mitigation/accounts": () => refuse(503, "warehouse_unavailable") });
    openAt("/mitigation?env=production");
    await screen.findAllByTestId("policy-row");
    expect((await screen.findAllByText("The warehouse is unavailable")).length).toBeGreaterThan(0);
    expect(screen.getByRole("button", { name: "Stop all mitigation" })).toBeTruthy();
  });

  test("no policy and nothing else is said in words", async () => {
    const empty = { from: "2026-11-20T10:30:00Z", to: "2026-11-21T10:30:00Z", step_seconds: 900, policies: [] };
    fakeHub({
      "/mitigation": () => ({ policies: [], checks: [], feigned: [], spared: [], integrations: [] }),
      "/mitigation/effects": () => empty,
      "/mitigation/accounts": () => ({ accounts: [], total: 0, known: 0 }),
    });
    openAt("/mitigation?env=production");
    for (const text of ["There is no policy", "No policy asks for anything", "Nobody has been offered a check yet.", "No policy feigns answers.", "No integration is configured.", "No account was tried behind a feigned answer"]) {
      expect(await screen.findByText(text)).toBeTruthy();
    }
  });
});

test("events refresh what is shown", async () => {
  const asked = await open();
  const loads = () => asked.filter(({ path }) => path === "/mitigation/effects").length;
  const before = loads();
  const record = { event_id: "e", session_id: "s", time: "2026-11-21T10:30:00Z", rating: "normal", before: "normal" };
  FakeEventSource.opened.at(-1)?.send("records", { records: [record] });
  await waitFor(() => expect(loads()).toBe(before + 1));
});

test("words", () => {
  expect(rated([0, 0, 0])).toBe("–");
  expect(rated([1_200, 0, 3])).toBe("1,200 normal, 3 malicious");
  expect(cohort({ check: "proof", family: "", country: "", signed_in: false, offered: 1, passed: 0, refused: 0, looped: 0 })).toBe("Unknown program");
  const bucket = (at: string) => ({ at, attempts: 0, done: 0, withheld: 0 });
  expect(labelled([])).toEqual([]);
  expect(labelled([bucket("2026-11-21T10:00:00Z"), bucket("2026-11-21T10:15:00Z")]).map(({ text }) => text)).toEqual(["10:00", "10:15"]);
  expect(labelled([bucket("2026-11-01T00:00:00Z"), bucket("2026-11-21T00:00:00Z")]).map(({ text }) => text)).toEqual(["11-01", "11-21"]);
});
