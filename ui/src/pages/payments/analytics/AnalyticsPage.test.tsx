import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { afterEach, describe, expect, test, vi } from "vitest";
import { openAt } from "../../../test/app";
import { fakeHub, golden, refuse } from "../../../test/hub";

const path = "/payments/admin/analytics";
const answer = golden("payment-analytics.json") as object;

async function open(reply: unknown = answer) {
  const asked = fakeHub({ [path]: () => reply });
  openAt("/payments/analytics?env=production");
  await screen.findAllByTestId("analytics-row");
  return asked;
}

afterEach(() => vi.restoreAllMocks());

describe("analytics", () => {
  test("count by day, outcome, rule and context", async () => {
    await open();
    const days = within(screen.getByRole("table", { name: "By day" })).getAllByTestId("analytics-row");
    const cells = (line: HTMLElement | undefined) => [...(line?.querySelectorAll("td") ?? [])].map((cell) => cell.textContent);
    expect(days.map(cells)).toEqual([
      ["2026-11-20", "", "10", "6", "2", "1", "1", "3", "129.00 EUR"],
      ["2026-11-21", "", "20", "12", "4", "2", "2", "6", "258.00 EUR"],
    ]);
    expect(screen.getByText("30 decisions, days of UTC")).toBeTruthy();
    const [allowed] = within(screen.getByRole("table", { name: "By outcome" })).getAllByTestId("analytics-row");
    expect(cells(allowed)).toEqual(["Allowed", "18", "18", "0", "0", "0", "0", "–"]);
    expect(within(screen.getByRole("table", { name: "By rule" })).getByText("checkout/bad-card")).toBeTruthy();
    expect(screen.queryByText(/the figures are too low/)).toBeNull();
  });

  test("of another time are asked for anew, and say when not all was counted", async () => {
    const asked = await open({ ...answer, truncated: true });
    expect(screen.getByText(/the figures are too low/)).toBeTruthy();
    fireEvent.change(screen.getByLabelText("Time"), { target: { value: "24h" } });
    await waitFor(() => expect(asked.filter((one) => one.path === path)).toHaveLength(2));
    const query = asked.filter((one) => one.path === path).at(-1)?.query;
    expect(Date.parse(query?.get("to") ?? "") - Date.parse(query?.get("from") ?? "")).toBe(86_400_000);
  });

  test("are downloaded as a file of the time that is shown", async () => {
    await open();
    const followed = vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
    fireEvent.click(screen.getByTestId("analytics-csv"));
    const address = new URL((followed.mock.contexts[0] as HTMLAnchorElement).href);
    expect(address.pathname).toBe(`/api/v1${path}`);
    expect(Object.fromEntries(address.searchParams)).toMatchObject({ environment: "production", format: "csv" });
    expect(address.searchParams.has("from") && address.searchParams.has("to")).toBe(true);
  });

  test("of a time without payments say so", async () => {
    fakeHub({ [path]: () => ({ by_day: [], by_context: [], by_rule: [], by_outcome: [], truncated: false }) });
    openAt("/payments/analytics?env=production");
    expect(await screen.findAllByText("No payment was decided about in that time.")).toHaveLength(4);
  });

  test("that cannot be had say why", async () => {
    fakeHub({ [path]: () => refuse(503, "UNAVAILABLE", "another such question is being answered") });
    openAt("/payments/analytics?env=production");
    expect(await screen.findByText(/Another such question is being answered/i)).toBeTruthy();
  });
});
