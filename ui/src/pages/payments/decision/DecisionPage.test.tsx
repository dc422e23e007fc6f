import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { openAt } from "../../../test/app";
import { fakeHub, golden } from "../../../test/hub";

const raw = golden("payment-decision.json") as Record<string, unknown> & { id: string; journey: { session: string } };
const path = `/payments/decisions/${raw.id}`;

async function open(answer: unknown = raw, environment = "production", more: Parameters<typeof fakeHub>[0] = {}) {
  const asked = fakeHub({ [path]: () => answer, ...more });
  openAt(`${path}?env=${environment}`);
  await screen.findByTestId("decision-banner");
  return asked;
}

describe("a decision", () => {
  test("shows the outcome, the amount and the masked card", async () => {
    await open();
    const banner = within(screen.getByTestId("decision-banner"));
    for (const text of ["Review", "129.00 EUR", "411111 ****** 1111", "claimed by kim@shop.example", "payment fraud reported", "shadow rules would say: blocked"]) {
      expect(banner.getByText(text)).toBeTruthy();
    }
  });

  test("leads to whatever shares its facts, and to its ruleset", async () => {
    await open();
    const target = (name: string) => screen.getAllByRole("link", { name })[0]?.getAttribute("href");
    expect(target("c-1077")).toBe("/entities/customer_id/c-1077?env=production");
    expect(target("192.0.2.77")).toBe("/entities/ip_address/192.0.2.77?env=production");
    expect(target("crd_4ba2187c90de11f0a9c30242ac120002")).toContain("/entities/credential_fingerprint/crd_4ba2187c90de11f0a9c30242ac120002");
    expect(target("version 3")).toContain("/payments/rulesets/");
  });

  test("shows the journey and the way to the session", async () => {
    await open();
    const journey = within(screen.getByTestId("journey"));
    for (const text of ["Malicious Session", "Card Testing", "Scripted Checkout", "13", "12", "7 min", "first seen 3 days ago", "80 %", "Proxy Network"]) {
      expect(journey.getByText(text)).toBeTruthy();
    }
    expect(screen.getByRole("link", { name: "Open the session" }).getAttribute("href")).toBe(`/sessions/${raw.journey.session}?env=production`);
  });

  test("explains every rule: fired, not fired, skipped, and what each condition saw", async () => {
    await open();
    const [listed, fired, off] = screen.getAllByTestId("rule-trace") as [HTMLElement, HTMLElement, HTMLElement];
    expect(fired.hasAttribute("open")).toBe(true);
    expect(listed.hasAttribute("open")).toBe(false);
    expect(within(fired).getByText("$.journey.cards_in_session > 10").parentElement?.textContent).toContain("saw 13");
    expect(within(fired).getByText("nothing stood there")).toBeTruthy();
    expect(within(fired).getByText("any of")).toBeTruthy();
    expect(within(fired).getByText("not looked at")).toBeTruthy();
    expect(within(fired).getByText("+40 points")).toBeTruthy();
    expect(within(listed).getByText("did not fire")).toBeTruthy();
    expect(within(off).getByText("switched off")).toBeTruthy();
    expect(screen.getByText("1 of 3 rules fired, in the order they ran")).toBeTruthy();
  });

  test("shows what backends said and what came of the payment", async () => {
    await open();
    const [said, silent] = screen.getAllByTestId("backend-row").map((row) => row.textContent);
    expect(said).toContain("link-prod/vdm");
    expect(said).toContain("Allowed");
    expect(said).toContain("score 12");
    expect(silent).toContain("fields it needs were missing: $.customer.email");
    expect(screen.getByTestId("lifecycle-row").textContent).toContain("Fraud report");
    expect(screen.getByTestId("lifecycle-row").textContent).toContain("link-prod/vdm: delivered");
  });

  test("of long ago still tells which rules fired", async () => {
    await open({ ...raw, explanation: undefined, journey: undefined });
    expect(screen.getByText("No visit was found that this payment belongs to.")).toBeTruthy();
    expect(screen.getByText("Block suspicious visits")).toBeTruthy();
  });
});

describe("a review", () => {
  test("is rejected with a reason, once", async () => {
    let answer: unknown = raw;
    const rejected = { ...raw, resolution: { resolution: "REJECTED", resolved_at: "2026-11-21T10:40:00Z", resolved_by: "ada@shop.example", reason: "stolen card" } };
    const asked = fakeHub({
      [path]: () => answer,
      [`${path}/resolve`]: () => {
        answer = rejected;
        return { id: raw.id, original_decision: "REVIEW", resolution: "REJECTED", resolved_at: "2026-11-21T10:40:00Z", backend_notifications: [] };
      },
    });
    openAt(`${path}?env=production`);
    await screen.findByTestId("decision-banner");
    fireEvent.keyDown(document.body, { key: "r" });
    const dialog = within(screen.getByRole("dialog", { name: "Reject this payment" }));
    const send = dialog.getByRole("button", { name: "Reject" });
    expect(send.hasAttribute("disabled")).toBe(true);
    fireEvent.change(dialog.getByLabelText("Reason, for the audit"), { target: { value: " stolen card " } });
    fireEvent.click(send);
    expect((await screen.findByTestId("resolution")).textContent).toBe("Rejected by ada@shop.example 2026-11-21 10:40:00 UTC: stolen card");
    const sent = asked.find((one) => one.path === `${path}/resolve`);
    expect(sent?.body).toEqual({ action: "reject", reason: "stolen card" });
    expect(sent?.query.get("environment")).toBe("production");
    expect(screen.queryByRole("button", { name: "Accept" })).toBeNull();
  });

  test("that somebody resolved meanwhile is told in the dialog", async () => {
    await open(raw, "production", {
      [`${path}/resolve`]: () => new Response(JSON.stringify({ code: "CONFLICT", message: "it was resolved already" }), { status: 409 }),
    });
    fireEvent.click(screen.getByRole("button", { name: "Accept" }));
    const dialog = within(screen.getByRole("dialog", { name: "Accept this payment" }));
    fireEvent.change(dialog.getByLabelText("Reason, for the audit"), { target: { value: "a customer called" } });
    fireEvent.click(dialog.getByRole("button", { name: "Accept" }));
    expect((await dialog.findByRole("alert")).textContent).toContain("It was resolved already.");
  });

  test("is only looked at by a viewer", async () => {
    await open(raw, "staging");
    expect(screen.queryByRole("button", { name: "Accept" })).toBeNull();
    fireEvent.keyDown(document.body, { key: "a" });
    expect(screen.queryByRole("dialog")).toBeNull();
  });

  test("that is none cannot be resolved", async () => {
    await open({ ...raw, decision: "BLOCK" });
    expect(screen.queryByRole("button", { name: "Accept" })).toBeNull();
  });
});

test("a decision that is not there is said", async () => {
  fakeHub({ [path]: () => new Response(JSON.stringify({ code: "NOT_FOUND", message: "there is no such thing" }), { status: 404 }) });
  openAt(`${path}?env=production`);
  expect(await screen.findByText("There is no such thing here")).toBeTruthy();
});

test("no page shows a card number", async () => {
  await open();
  await waitFor(() => expect(document.body.textContent).not.toMatch(/\d{13,19}/));
});
