import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { openAt } from "../../../test/app";
import { fakeHub, golden } from "../../../test/hub";

const raw = golden("payment-ruleset.json") as Record<string, unknown> & { id: string };
const list = "/payments/admin/rulesets";
const path = `${list}/${raw.id}`;
const tagged = (value: unknown) => () => new Response(JSON.stringify(value), { headers: { ETag: '"7"' } });

async function open(version: unknown = raw, environment = "production", more: Parameters<typeof fakeHub>[0] = {}) {
  const asked = fakeHub({ [path]: tagged(version), [`${path}/performance`]: () => golden("payment-performance.json"), ...more });
  openAt(`/payments/rulesets/${raw.id}?env=${environment}`);
  await screen.findAllByTestId("rule");
  return asked;
}

describe("the list", () => {
  const versions = { data: [raw, { ...raw, id: "a", version: 3, status: "ACTIVE", activated_at: "2026-11-20T10:00:00Z" }, { ...raw, id: "b", version: 2, status: "INACTIVE" }], links: { next: null } };

  test("shows versions with what can be done with each", async () => {
    fakeHub({ [list]: () => versions });
    openAt("/payments/rulesets?env=production");
    await screen.findAllByTestId("ruleset-row");
    const buttons = screen.getAllByTestId("ruleset-row").map((row) => within(row).getAllByRole("button").map((button) => button.textContent));
    expect(buttons).toEqual([["Activate", "Clone"], ["Clone"], ["Roll back to it", "Clone"]]);
    expect(screen.getByRole("heading", { name: "Context checkout" })).toBeTruthy();
  });

  test("rolls back after a question", async () => {
    const asked = fakeHub({ [list]: () => versions, [`${list}/b/rollback`]: () => ({ ...raw, id: "b", status: "ACTIVE" }) });
    openAt("/payments/rulesets?env=production");
    fireEvent.click(await screen.findByRole("button", { name: "Roll back to it: version 2 of checkout" }));
    const dialog = within(screen.getByRole("dialog"));
    expect(dialog.getByText(/It decides about every payment of the context checkout/)).toBeTruthy();
    expect(asked.some((one) => one.path.endsWith("/rollback"))).toBe(false);
    fireEvent.click(dialog.getByRole("button", { name: "Roll back to it" }));
    await waitFor(() => expect(asked.some((one) => one.path === `${list}/b/rollback`)).toBe(true));
    await waitFor(() => expect(asked.filter((one) => one.path === list).length).toBeGreaterThan(1));
  });

  test("makes a draft of a new context and opens it", async () => {
    const asked = fakeHub({ [list]: ({ body }) => (body === undefined ? { data: [], links: {} } : raw), [path]: tagged(raw) });
    openAt("/payments/rulesets?env=production");
    await screen.findByText("There is no ruleset");
    fireEvent.click(screen.getByRole("button", { name: "New ruleset" }));
    const dialog = within(screen.getByRole("dialog"));
    fireEvent.change(dialog.getByLabelText("Context"), { target: { value: "checkout" } });
    fireEvent.click(dialog.getByRole("button", { name: "Make a draft" }));
    await screen.findAllByTestId("rule");
    expect(asked.find(({ method }) => method === "POST")?.body).toEqual({ context: "checkout", rules: [] });
    expect(window.location.pathname).toBe(`/payments/rulesets/${raw.id}`);
  });
});

describe("a version", () => {
  test("shows its rules in words", async () => {
    await open();
    const [listed, cards, engines, strict] = screen.getAllByTestId("rule").map((rule) => rule.textContent) as [string, string, string, string];
    expect(listed).toContain("$.credential_fingerprint stands on the blacklist · filled by fraud report for 90 d");
    expect(cards).toContain("all of$.journey.cards_in_session > 10payments per $.device.ip within 1 h > 5");
    expect(cards).toContain("+40 points");
    expect(engines).toContain("parallel of link-prod/vdm (60), link-prod/ravelin (shadow)");
    expect(strict).toContain("journey.score > 80");
    expect(strict).toContain("shadowoff");
    expect(screen.getByText("4 rules, in the order they run; points: review at 50, block at 100")).toBeTruthy();
  });

  test("that is in force is read only and shows what its rules did", async () => {
    await open({ ...raw, status: "ACTIVE" });
    const rows = (await screen.findAllByTestId("performance-row")).map((row) => row.textContent);
    expect(rows[0]).toContain("4.25 %");
    expect(rows[0]).toContain("75 %");
    expect(rows[1]).toContain("never");
    expect(screen.queryByLabelText("The draft as JSON")).toBeNull();
    expect(screen.queryByRole("button", { name: /^Activate/ })).toBeNull();
  });

  test("is only looked at by a viewer", async () => {
    await open(raw, "staging");
    for (const name of [/^Activate/, /^Clone/, "Backtest", "Save"]) expect(screen.queryByRole("button", { name })).toBeNull();
  });
});

describe("the editor of a draft", () => {
  const editor = () => screen.getByLabelText<HTMLTextAreaElement>("The draft as JSON");

  test("saves what was written, for the state it was written on", async () => {
    const asked = await open();
    expect(screen.getByRole("button", { name: "Save" }).hasAttribute("disabled")).toBe(true);
    fireEvent.change(editor(), { target: { value: '{"rules":[]}' } });
    expect(screen.getByRole("button", { name: /^Activate/ }).hasAttribute("disabled")).toBe(true);
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(asked.find(({ method }) => method === "PATCH")).toMatchObject({ path, body: { rules: [] } }));
  });

  test("shows what the server finds wrong at its line and leads there", async () => {
    const problems = [{ field: "$.rules[1].condition.args[1].cmp", code: "unknown", message: "no such comparison; did you mean gt?" }];
    await open(raw, "production", {
      [path]: ({ method }) =>
        method === "PATCH" ? new Response(JSON.stringify({ code: "VALIDATION_FAILED", message: "the request is not valid", errors: problems }), { status: 422 }) : tagged(raw)(),
    });
    const text = editor().value.replace('"cmp": "gt"', '"cmp": "gtt"');
    fireEvent.change(editor(), { target: { value: text } });
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    const wrong = within(await screen.findByRole("alert", { name: "What is wrong" }));
    expect(wrong.getByText(/did you mean gt\?/)).toBeTruthy();
    const line = text.slice(0, text.indexOf('"cmp": "gtt"')).split("\n").length;
    fireEvent.click(wrong.getByRole("button", { name: `line ${line}` }));
    expect(editor().value.slice(editor().selectionStart, editor().selectionEnd)).toBe('"gtt"');
    expect(document.querySelector(".json-fault")?.textContent).toBe(String(line));
    expect(editor().getAttribute("aria-invalid")).toBe("true");
  });

  test("says that a text is no JSON without asking the server", async () => {
    const asked = await open();
    fireEvent.change(editor(), { target: { value: "{" } });
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByRole("alert", { name: "What is wrong" })).toBeTruthy();
    expect(asked.some(({ method }) => method === "PATCH")).toBe(false);
  });

  test("says that somebody else was quicker", async () => {
    await open(raw, "production", {
      [path]: ({ method }) => (method === "PATCH" ? new Response(JSON.stringify({ code: "PRECONDITION_FAILED", message: "changed" }), { status: 412 }) : tagged(raw)()),
    });
    fireEvent.change(editor(), { target: { value: '{"rules":[]}' } });
    fireEvent.click(screen.getByRole("button", { name: "Save" }));
    expect(await screen.findByText(/Somebody changed this draft meanwhile/)).toBeTruthy();
  });
});

test("a backtest shows what would have been different", async () => {
  const asked = await open(raw, "production", { "/payments/admin/backtests": () => golden("payment-report.json") });
  fireEvent.click(screen.getByRole("button", { name: "Backtest" }));
  const dialog = within(screen.getByRole("dialog"));
  fireEvent.click(dialog.getByRole("radio", { name: "Last 7 days" }));
  fireEvent.click(dialog.getByRole("button", { name: "Run" }));
  const report = within(await screen.findByTestId("backtest-report"));
  const rows = within(report.getByRole("table")).getAllByRole("row").map((row) => row.textContent);
  expect(rows).toContain("Fraud caught4 (516.00 EUR)4 (516.00 EUR)");
  expect(rows).toContain("Precision80 %–");
  expect(rows).toContain("Recall50 %–");
  expect(rows).toContain("Money saved516.00 EUR–");
  expect(report.getByRole("region", { name: "Newly hit" }).textContent).toContain("Allow → Reviewfraud many-cards");
  expect(report.getByRole("region", { name: "No longer hit" }).textContent).toContain("No payment.");
  expect(report.getByRole("link", { name: "129.00 EUR" }).getAttribute("href")).toContain("/payments/decisions/");
  const sent = asked.find((one) => one.path === "/payments/admin/backtests")?.body as { ruleset_id: string; from: string; to: string };
  expect(sent.ruleset_id).toBe(raw.id);
  expect(Date.parse(sent.to) - Date.parse(sent.from)).toBe(7 * 86_400_000);
});
