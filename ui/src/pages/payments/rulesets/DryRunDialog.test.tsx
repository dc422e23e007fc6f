import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { openAt } from "../../../test/app";
import { fakeHub, golden } from "../../../test/hub";

const raw = golden("payment-ruleset.json") as Record<string, unknown> & { id: string };
const trial = "/payments/admin/dry-runs";

async function open(reply: () => unknown, environment = "production") {
  const asked = fakeHub({ [`/payments/admin/rulesets/${raw.id}`]: () => new Response(JSON.stringify(raw), { headers: { ETag: '"7"' } }), [trial]: reply });
  openAt(`/payments/rulesets/${raw.id}?env=${environment}`);
  await screen.findAllByTestId("rule");
  return asked;
}

function dialog() {
  fireEvent.click(screen.getByRole("button", { name: "Dry run" }));
  return within(screen.getByRole("dialog", { name: /^Dry run of version/ }));
}

describe("a dry run", () => {
  test("shows what would be decided, and why", async () => {
    const asked = await open(() => ({ ...(golden("payment-decision.json") as object), id: "" }));
    const shown = dialog();
    fireEvent.click(shown.getByRole("button", { name: "Run" }));
    const outcome = within(await shown.findByTestId("dry-run"));
    expect(outcome.getAllByText("Review").length).toBeGreaterThan(0);
    expect(outcome.getAllByTestId("rule-trace").length).toBeGreaterThan(0);
    const body = asked.find((one) => one.path === trial)?.body as { ruleset_id: string; request: { context: string; credential: object } };
    expect(body.ruleset_id).toBe(raw.id);
    expect(body.request.context).toBe("checkout");
  });

  test("of what is no payment says what is wrong at its line", async () => {
    await open(() => new Response(JSON.stringify({ code: "VALIDATION_FAILED", message: "not valid", errors: [{ field: "$.request.customer.id", code: "required", message: "is needed" }] }), { status: 422 }));
    const shown = dialog();
    fireEvent.change(shown.getByLabelText("The payment as JSON"), { target: { value: '{\n  "customer": {}\n}' } });
    fireEvent.click(shown.getByRole("button", { name: "Run" }));
    expect((await shown.findByRole("alert")).textContent).toContain("line 2 $.customer.id is needed");
  });

  test("of what is no JSON is not sent", async () => {
    const asked = await open(() => ({}));
    const shown = dialog();
    fireEvent.change(shown.getByLabelText("The payment as JSON"), { target: { value: "{" } });
    fireEvent.click(shown.getByRole("button", { name: "Run" }));
    expect(await shown.findByRole("alert")).toBeTruthy();
    expect(asked.some((one) => one.path === trial)).toBe(false);
  });

  test("is not offered to whoever only looks on", async () => {
    await open(() => ({}), "staging");
    await waitFor(() => expect(screen.queryByRole("button", { name: "Dry run" })).toBeNull());
  });
});
