import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { openAt } from "../../../test/app";
import { fakeHub, golden } from "../../../test/hub";

const path = "/payments/reviews";
const sample = golden("payment-decision.json") as Record<string, unknown> & { id: string };
const hour = 3_600_000;

function review(id: string, age: number, assignee: string) {
  return { ...sample, id, customer_id: `c-${id}`, evaluated_at: new Date(Date.now() - age).toISOString(), assignee: assignee === "" ? null : assignee };
}

function queue() {
  return { data: [review("old", 3 * hour, "kim@shop.example"), review("young", 61_000, "")], links: { next: null } };
}

async function open(environment = "production", more: Parameters<typeof fakeHub>[0] = {}) {
  const asked = fakeHub({ [path]: queue, ...more });
  openAt(`${path}?env=${environment}`);
  await screen.findAllByTestId("review-row");
  return asked;
}

const noContent = () => new Response(null, { status: 204 });

describe("the queue", () => {
  test("shows the longest waiting first, how long, and whose it is", async () => {
    await open();
    const [old, young] = screen.getAllByTestId("review-row") as [HTMLElement, HTMLElement];
    expect(within(old).getByText("3 h").className).toContain("figure-bad");
    expect(within(old).getByText("kim@shop.example")).toBeTruthy();
    expect(within(young).getByText(/^1 m/).className).toBe("");
    expect(within(young).getByText("nobody")).toBeTruthy();
    expect(screen.getByText("2 payments, the longest waiting first")).toBeTruthy();
  });

  test("is claimed and given back", async () => {
    let mine = false;
    const asked = await open("production", {
      [path]: () => ({ data: [review("one", hour, mine ? "ada@shop.example" : "")], links: {} }),
      "/payments/decisions/one/claim": () => {
        mine = !mine;
        return noContent();
      },
    });
    fireEvent.click(screen.getByRole("button", { name: "Claim 129.00 EUR of c-one" }));
    expect(await screen.findByText("you")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Give back 129.00 EUR of c-one" }));
    expect(await screen.findByText("nobody")).toBeTruthy();
    expect(asked.filter((one) => one.path.endsWith("/claim")).map(({ method }) => method)).toEqual(["POST", "DELETE"]);
  });

  test("is worked off by keys alone", async () => {
    const asked = await open("production", {
      "/payments/decisions/young/claim": noContent,
      "/payments/decisions/young/resolve": () => ({ resolution: "ACCEPTED", backend_notifications: [] }),
    });
    for (const key of ["j", "j", "c"]) fireEvent.keyDown(document.activeElement ?? document.body, { key });
    await waitFor(() => expect(asked.some((one) => one.path === "/payments/decisions/young/claim")).toBe(true));
    fireEvent.keyDown(document.activeElement ?? document.body, { key: "a" });
    const dialog = within(await screen.findByRole("dialog", { name: "Accept this payment" }));
    fireEvent.change(dialog.getByLabelText("Reason, for the audit"), { target: { value: "known customer" } });
    fireEvent.submit(dialog.getByRole("form"));
    await waitFor(() => expect(asked.find((one) => one.path.endsWith("/resolve"))?.body).toEqual({ action: "accept", reason: "known customer" }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  test("is only looked at by a viewer", async () => {
    await open("staging");
    expect(screen.queryByRole("button", { name: /Accept/ })).toBeNull();
    expect(screen.queryByRole("button", { name: /Claim/ })).toBeNull();
  });

  test("that is empty says so", async () => {
    fakeHub({ [path]: () => ({ data: [], links: {} }) });
    openAt(`${path}?env=production`);
    expect(await screen.findByText("No payment waits")).toBeTruthy();
  });

  test("tells why a claim failed", async () => {
    await open("production", {
      "/payments/decisions/young/claim": () => new Response(JSON.stringify({ code: "CONFLICT", message: "somebody else has it" }), { status: 409 }),
    });
    fireEvent.click(screen.getByRole("button", { name: "Claim 129.00 EUR of c-young" }));
    expect((await screen.findByRole("alert")).textContent).toContain("Somebody else has it.");
  });
});
