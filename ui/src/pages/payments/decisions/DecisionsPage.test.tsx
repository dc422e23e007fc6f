import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { addressBar, openAt } from "../../../test/app";
import { fakeHub, golden, refuse } from "../../../test/hub";

const path = "/payments/decisions";
const page = golden("payment-decisions.json") as { data: { id: string }[] };
const [first] = page.data;

async function open(address = `${path}?env=production`, more: Parameters<typeof fakeHub>[0] = {}) {
  const asked = fakeHub({ [path]: () => page, ...more });
  openAt(address);
  await screen.findAllByTestId("decision-row");
  return asked;
}

describe("decisions", () => {
  test("are listed with what an analyst looks for first", async () => {
    await open();
    const row = within(screen.getAllByTestId("decision-row")[0] as HTMLElement);
    for (const text of ["Review", "129.00 EUR", "411111 ****** 1111", "c-1077", "order-10013", "Malicious Session", "Many cards in one visit"]) {
      expect(row.getByText(text)).toBeTruthy();
    }
    expect(row.getByRole("link", { name: "Malicious Session" }).getAttribute("href")).toMatch(/^\/sessions\/[^?]+\?env=production$/);
    expect(within(screen.getAllByTestId("decision-row")[1] as HTMLElement).getByText("rejected")).toBeTruthy();
    expect(screen.getByText("2 decisions, the newest of more")).toBeTruthy();
    expect(screen.getByRole("link", { name: "Payments" }).getAttribute("aria-current")).toBe("page");
  });

  test("are searched by what the form says, and the address holds it", async () => {
    const asked = await open();
    const form = within(screen.getByRole("search", { name: "Decisions" }));
    fireEvent.change(form.getByLabelText("Outcome"), { target: { value: "BLOCK" } });
    fireEvent.change(form.getByLabelText("Customer"), { target: { value: "c-1077" } });
    fireEvent.change(form.getByLabelText("Email"), { target: { value: "ada@example.org" } });
    fireEvent.change(form.getByLabelText("Time"), { target: { value: "24h" } });
    fireEvent.click(form.getByRole("button", { name: "Search" }));
    await waitFor(() => expect(addressBar().get("customer_id")).toBe("c-1077"));
    expect(addressBar().get("last")).toBe("24h");
    await waitFor(() => {
      const query = asked.filter((one) => one.path === path).at(-1)?.query;
      expect(query?.get("decision")).toBe("BLOCK");
      expect(query?.get("customer_id")).toBe("c-1077");
      expect(query?.get("email")).toBe("ada@example.org");
      expect(Date.parse(query?.get("to") ?? "") - Date.parse(query?.get("from") ?? "")).toBe(86_400_000);
      expect(query?.get("environment")).toBe("production");
    });
  });

  test("of a fixed time need an end after the beginning", async () => {
    await open();
    const form = within(screen.getByRole("search", { name: "Decisions" }));
    fireEvent.change(form.getByLabelText("Time"), { target: { value: "fixed" } });
    fireEvent.change(form.getByLabelText("From (UTC)"), { target: { value: "2026-11-20T00:00:00" } });
    fireEvent.change(form.getByLabelText("To (UTC)"), { target: { value: "2026-11-19T00:00:00" } });
    expect(form.getByRole("button", { name: "Search" }).hasAttribute("disabled")).toBe(true);
    fireEvent.change(form.getByLabelText("To (UTC)"), { target: { value: "2026-11-21T00:00:00" } });
    fireEvent.click(form.getByRole("button", { name: "Search" }));
    await waitFor(() => expect(addressBar().get("from")).toBe("2026-11-20T00:00:00.000Z"));
  });

  test("go on after the first part", async () => {
    const last = { data: [{ ...(page.data[1] as object), id: "01a1fda7-0000-7000-8000-000000000003" }], links: { next: null } };
    const asked = await open(undefined, { [path]: ({ query }) => (query.get("after") === "cursor-2" ? last : page) });
    fireEvent.click(screen.getByRole("button", { name: "Show more" }));
    await waitFor(() => expect(screen.getAllByTestId("decision-row")).toHaveLength(3));
    expect(asked.at(-1)?.query.get("after")).toBe("cursor-2");
    expect(screen.queryByRole("button", { name: "Show more" })).toBeNull();
  });

  test("are walked through and opened by keys", async () => {
    await open(undefined, { [`${path}/${first?.id ?? ""}`]: () => golden("payment-decision.json") });
    fireEvent.keyDown(document.body, { key: "j" });
    expect(document.activeElement?.getAttribute("data-decision-row")).toBe(first?.id);
    fireEvent.keyDown(document.activeElement as Element, { key: "Enter" });
    expect(await screen.findByTestId("decision-banner")).toBeTruthy();
    expect(window.location.pathname).toBe(`${path}/${first?.id ?? ""}`);
    expect(addressBar().get("env")).toBe("production");
  });
});

describe("when there is nothing to show", () => {
  test("an environment without decisions says so", async () => {
    fakeHub({ [path]: () => refuse(404, "payments_off", "nothing here") });
    openAt(`${path}?env=production`);
    expect(await screen.findByText("Nothing decides about payments here")).toBeTruthy();
  });

  test("a search that finds none says what to do", async () => {
    fakeHub({ [path]: () => ({ data: [], links: { next: null } }) });
    openAt(`${path}?env=production`);
    expect(await screen.findByText("No decision matches")).toBeTruthy();
  });

  test("a failure can be tried again", async () => {
    let broken = true;
    fakeHub({ [path]: () => (broken ? refuse(503, "UNAVAILABLE", "decisions cannot be read") : page) });
    openAt(`${path}?env=production`);
    expect(await screen.findByText("Decisions cannot be read.")).toBeTruthy();
    broken = false;
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await screen.findAllByTestId("decision-row")).toHaveLength(2);
  });

  test("an answer that is not what was agreed is told", async () => {
    fakeHub({ [path]: () => ({ data: [{ id: "x" }] }) });
    openAt(`${path}?env=production`);
    expect(await screen.findByText(/data\[0\]\.decision: expected one of/)).toBeTruthy();
  });

  test("people without the permission see no page and no way there", async () => {
    const me = golden("hub-me.json") as { environments: { permissions: string[] }[] };
    for (const environment of me.environments) environment.permissions = ["sessions:view"];
    const asked = fakeHub({ "/me": () => me });
    openAt(`${path}?env=production`);
    expect(await screen.findByText("You may not see payments")).toBeTruthy();
    expect(screen.queryByRole("link", { name: "Payments" })).toBeNull();
    expect(asked.some((one) => one.path === "/payments/admin/rulesets")).toBe(false);
  });
});
