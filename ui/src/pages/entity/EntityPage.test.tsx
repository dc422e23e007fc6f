import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { decision } from "../../api/payment-decisions";
import { openAt } from "../../test/app";
import { fakeHub, golden, refuse } from "../../test/hub";
import { summary } from "./EntityDecisions";
import { entityIn } from "./EntityRoute";

const decisions = golden("payment-decisions.json");
const blacklist = golden("payment-blacklist.json") as { data: Record<string, unknown>[] };

async function open(address: string, more: Parameters<typeof fakeHub>[0] = {}) {
  const asked = fakeHub({ "/payments/decisions": () => decisions, "/payments/admin/blacklist": () => blacklist, ...more });
  openAt(address);
  await screen.findAllByTestId("entity-session-row");
  return asked;
}

describe("an entity", () => {
  test("shows its sessions, the payments that share it, and that it is listed", async () => {
    const entry = { ...blacklist.data[0], expires_at: null, source_decision_id: "01a1" };
    const asked = await open("/entities/ip_address/192.0.2.77?env=production", { "/payments/admin/blacklist": () => ({ data: [entry] }) });
    expect(await screen.findAllByTestId("decision-row")).toHaveLength(2);
    expect(asked.find((one) => one.path === "/payments/decisions")?.query.get("device_ip")).toBe("192.0.2.77");
    expect(asked.find((one) => one.path === "/sessions/search")?.body).toMatchObject({ field: "ip_address", values: ["192.0.2.77"] });
    const standing = within(await screen.findByTestId("standing"));
    expect(await standing.findByText("Stands on the blacklist")).toBeTruthy();
    expect(standing.getByRole("link", { name: "this decision" }).getAttribute("href")).toContain("/payments/decisions/");
    expect(screen.getByText(/2 decisions, the newest of more: 2 review; 1 customer, 1 card/)).toBeTruthy();
  });

  test("is put on the blacklist from here", async () => {
    const asked = await open("/entities/customer_id/c-1077?env=production", {
      "/payments/admin/blacklist": ({ method }) => (method === "POST" ? blacklist.data[0] : { data: [] }),
    });
    expect(await screen.findByText("Not on the blacklist")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Put on the blacklist" }));
    const dialog = within(screen.getByRole("dialog"));
    fireEvent.click(dialog.getByRole("button", { name: "Add" }));
    await waitFor(() => expect(asked.find(({ method, path }) => method === "POST" && path.endsWith("blacklist"))?.body).toMatchObject({ field_path: "$.customer.id", value: "c-1077" }));
  });

  test("of which payments know nothing shows its sessions only", async () => {
    const asked = await open("/entities/search_term/%2B49170?env=production");
    expect(asked.some((one) => one.path.startsWith("/payments"))).toBe(false);
    expect(screen.getByText("+49170")).toBeTruthy();
  });

  test.each(["payment_from", "username", "phone", "shipping_address", "device_fingerprint"])("%s has the payments of the sessions that show it", async (element) => {
    const asked = await open(`/entities/${element}/abc?env=production`);
    expect(await screen.findAllByTestId("decision-row")).toHaveLength(2);
    const sessions = (golden("hub-page.json") as { sessions: { session_id: string }[] }).sessions.map(({ session_id: id }) => id);
    const [question] = asked.filter((one) => one.path === "/payments/decisions");
    expect(question?.query.getAll("session")).toEqual(sessions.slice(0, 50));
    expect(question?.query.has("device_fingerprint")).toBe(false);
    expect(screen.getByText(/Payments of the visits below/)).toBeTruthy();
    expect(screen.queryByTestId("standing")).toBeNull();
  });

  test("that no session shows has no payments by sessions", async () => {
    const asked = fakeHub({ "/sessions/search": () => ({ sessions: [], total: 0 }), "/payments/decisions": () => decisions });
    openAt("/entities/phone/%2B49170?env=production");
    expect(await screen.findByText("No session shows it")).toBeTruthy();
    expect(asked.some((one) => one.path.startsWith("/payments"))).toBe(false);
  });

  test("email is searched by itself", async () => {
    const asked = await open("/entities/email/ada%40example.org?env=production");
    expect(await screen.findAllByTestId("decision-row")).toHaveLength(2);
    expect(asked.find((one) => one.path === "/payments/decisions")?.query.get("email")).toBe("ada@example.org");
    expect(asked.find((one) => one.path.endsWith("blacklist"))?.query.get("field_path")).toBe("$.customer.email");
  });

  test("in an environment without payments shows its sessions", async () => {
    const off = () => refuse(404, "payments_off");
    await open("/entities/customer_id/c-1?env=production", { "/payments/decisions": off, "/payments/admin/blacklist": off });
    expect(await screen.findByText("Nothing decides about payments here")).toBeTruthy();
    await waitFor(() => expect(screen.queryByTestId("standing")).toBeNull());
  });

  test("is looked up on the blacklist by path and value; what has expired counts no more", async () => {
    const entry = { ...blacklist.data[0], field_path: "$.device.ip", value: "198.51.100.9", expires_at: "2020-01-01T00:00:00Z" };
    const asked = await open("/entities/ip_address/198.51.100.9?env=production", { "/payments/admin/blacklist": () => ({ data: [entry] }) });
    expect(await screen.findByText("Not on the blacklist")).toBeTruthy();
    const looked = asked.filter((one) => one.path.endsWith("blacklist")).map(({ query }) => [query.get("field_path"), query.get("value")]);
    expect(looked).toEqual([["$.device.ip", "198.51.100.9"]]);
  });
});

test("the address is read as it was written", () => {
  const value = "a/b%2F c?#é";
  expect(entityIn(`/entities/email/${encodeURIComponent(value)}`)).toEqual(["email", value]);
  expect(entityIn("/entities/email/%E0%A4%A")).toEqual(["email", "%E0%A4%A"]);
  expect(entityIn("/entities")).toEqual(["", ""]);
});

test("the summary counts what is shared", () => {
  const one = decision(golden("payment-decision.json"), "");
  expect(summary([one, { ...one, id: "b", decision: "BLOCK", customer_id: "other", credential_fingerprint: "" }], false)).toBe(
    "2 decisions: 1 blocked, 1 review; 2 customers, 1 card",
  );
  expect(summary([], false)).toBe("");
});
