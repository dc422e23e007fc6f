import { act, fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test, vi } from "vitest";
import type { Me, Page, Query } from "../../api/types";
import { addressBar, openAt } from "../../test/app";
import { FakeEventSource } from "../../test/event-source";
import { fakeHub, golden, refuse } from "../../test/hub";
import type { Asked } from "../../test/hub";

const page = golden("hub-page.json") as Page;

function searches(asked: readonly Asked[]): Query[] {
  return asked.filter(({ path }) => path === "/sessions/search").map(({ body }) => body as Query);
}

async function rows(): Promise<HTMLElement[]> {
  return screen.findAllByTestId("result-row");
}

describe("the search page", () => {
  test("opens with all sessions of the last hour in the agreed columns", async () => {
    const asked = fakeHub();
    openAt("/");
    expect(await rows()).toHaveLength(page.sessions.length);
    const heads = screen.getAllByRole("columnheader").map((head) => head.textContent);
    expect(heads).toEqual(["Session ID", "Session UTC", "Session Risk Rating", "# Events", "# Labels", "Duration", "Country", "City", "IP Address"]);
    const [query] = searches(asked);
    expect(query).toMatchObject({ environment: "production", sort: "opened", descending: true });
    expect(query?.field).toBeUndefined();
    expect(Date.parse(query?.to ?? "") - Date.parse(query?.from ?? "")).toBe(3_600_000);
    expect(screen.getByRole("button", { name: /^4 ?Malicious/ })).toBeTruthy();
  });

  test("searches malicious sessions, sorts by events and links to the first", async () => {
    const asked = fakeHub();
    openAt("/search");
    await rows();
    const field = screen.getByRole("combobox", { name: "Field type" });
    fireEvent.click(field);
    fireEvent.change(field, { target: { value: "risk" } });
    fireEvent.keyDown(field, { key: "Enter" });
    fireEvent.click(screen.getByRole("button", { name: "Value: none chosen" }));
    fireEvent.click(screen.getByRole("checkbox", { name: "Malicious Session" }));
    fireEvent.submit(screen.getByTestId("search-form"));
    await waitFor(() => expect(searches(asked).at(-1)).toMatchObject({ field: "session_risk_rating", values: ["malicious"] }));
    expect(addressBar().getAll("value")).toEqual(["malicious"]);

    fireEvent.click(screen.getByRole("button", { name: "# Events" }));
    await waitFor(() => expect(searches(asked).at(-1)).toMatchObject({ sort: "events", descending: true, field: "session_risk_rating" }));
    expect(screen.getByRole("columnheader", { name: /# Events/ }).getAttribute("aria-sort")).toBe("descending");
    const link = within((await rows())[0] as HTMLElement).getByRole("link");
    expect(link.getAttribute("href")).toBe(`/sessions/${page.sessions[0]?.session_id ?? ""}?env=production`);
  });

  test("a field without a value is asked for, not searched", async () => {
    const asked = fakeHub();
    openAt("/search?field=email");
    await rows();
    const before = searches(asked).length;
    fireEvent.submit(screen.getByTestId("search-form"));
    expect((await screen.findByRole("alert")).textContent).toBe("Enter at least one value.");
    fireEvent.change(screen.getByRole("textbox", { name: "Value" }), { target: { value: "a@b.example, c@d.example" } });
    fireEvent.submit(screen.getByTestId("search-form"));
    await waitFor(() => expect(searches(asked)).toHaveLength(before + 1));
    expect(searches(asked).at(-1)?.values).toEqual(["a@b.example", "c@d.example"]);
  });

  test("filters a column and takes the filter away again", async () => {
    const asked = fakeHub();
    openAt("/search?page=2");
    await rows();
    fireEvent.click(screen.getByRole("button", { name: "Filter IP Address" }));
    fireEvent.change(screen.getByRole("textbox", { name: "Contains" }), { target: { value: "203.0" } });
    fireEvent.click(screen.getByRole("button", { name: "Apply" }));
    await waitFor(() => expect(searches(asked).at(-1)?.filters).toEqual([{ column: "ip_address", contains: "203.0" }]));
    expect(searches(asked).at(-1)?.offset).toBeUndefined();
    fireEvent.click(screen.getByRole("button", { name: /^Remove filter: IP Address/ }));
    await waitFor(() => expect(searches(asked).at(-1)?.filters).toBeUndefined());
  });

  test("the download posts the whole search and follows an address without it", async () => {
    const followed: string[] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function click(this: HTMLAnchorElement) {
      followed.push(this.getAttribute("href") ?? "");
    });
    const asked = fakeHub({ "/exports": () => ({ ticket: "0a1b", expires_in_seconds: 60 }) });
    openAt("/search?page=2&sort=-events&filter=rating:in:malicious");
    await rows();
    fireEvent.click(screen.getByTestId("csv-download"));
    await waitFor(() => expect(followed).toEqual(["/api/v1/sessions.csv?ticket=0a1b"]));
    const query = asked.find(({ path }) => path === "/exports")?.body as Query;
    expect(query).toMatchObject({ sort: "events", descending: true, filters: [{ column: "rating", in: ["malicious"] }] });
    expect(query.offset).toBeUndefined();
  });

  test("a download that is refused is said", async () => {
    fakeHub({ "/exports": () => refuse(503, "warehouse_unavailable") });
    openAt("/search");
    await rows();
    fireEvent.click(screen.getByTestId("csv-download"));
    expect((await screen.findByRole("alert")).textContent).toBe("No download: the warehouse is unavailable");
  });

  test("a viewer gets no CSV link", async () => {
    const me = golden("hub-me.json") as Me;
    fakeHub({ "/me": () => me });
    openAt("/search?env=staging");
    await rows();
    expect(me.environments[1]?.permissions).not.toContain("sessions:export");
    expect(screen.queryByTestId("csv-download")).toBeNull();
  });
});

describe("states", () => {
  test("nothing found comes with advice", async () => {
    const asked = fakeHub({ "/sessions/search": () => ({ sessions: [], total: 0 }) });
    openAt("/search?field=email&value=a@b.example");
    expect(await screen.findByText("No session matches")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Search the last 24 hours" }));
    await waitFor(() => expect(addressBar().get("last")).toBe("24h"));
    expect(searches(asked).at(-1)?.field).toBe("email");
  });

  test("a warehouse that is away is explained and can be asked again", async () => {
    let down = true;
    fakeHub({ "/sessions/search": () => (down ? refuse(503, "warehouse_unavailable") : page) });
    openAt("/search");
    expect(await screen.findByText("The warehouse is unavailable")).toBeTruthy();
    down = false;
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    expect(await rows()).toHaveLength(page.sessions.length);
  });

  test("who is not logged in comes to the login, and back", async () => {
    let inside = false;
    fakeHub({
      "/me": () => (inside ? golden("hub-me.json") : refuse(401, "not_logged_in")),
      "/login": () => ((inside = true), { user: { email: "ada@shop.example", name: "Ada" } }),
    });
    openAt("/search?last=24h&env=staging");
    fireEvent.change(await screen.findByLabelText("Email"), { target: { value: "ada@shop.example" } });
    expect(addressBar().get("next")).toBe("/search?last=24h&env=staging");
    fireEvent.change(screen.getByLabelText("Password"), { target: { value: "correct horse" } });
    fireEvent.submit(screen.getByRole("form", { name: "Log in" }));
    await rows();
    expect(addressBar().get("last")).toBe("24h");
  });
});

describe("live", () => {
  test("an event refreshes the table and marks what changed; paused, it only counts", async () => {
    let events = 1;
    const first = page.sessions[0];
    fakeHub({ "/sessions/search": () => ({ sessions: [{ ...first, events }], total: 1 }) });
    openAt("/search");
    await rows();
    const record = { event_id: "e", session_id: first?.session_id, time: first?.opened, rating: "normal", before: "normal" };
    const send = () => act(() => FakeEventSource.opened.at(-1)?.send("records", { records: [record] }));

    events = 2;
    send();
    await waitFor(() => expect(screen.getByTestId("result-row").className).toContain("row-changed"));
    fireEvent.click(screen.getByTestId("live-toggle"));
    send();
    expect(await screen.findByText("1 new event")).toBeTruthy();
  });

  test("dates that lie in the past are not live", async () => {
    fakeHub();
    openAt("/search?from=2020-01-01T00:00:00Z&to=2020-01-02T00:00:00Z");
    await rows();
    expect(screen.getByTestId("live-toggle").hasAttribute("disabled")).toBe(true);
  });
});

test("keys: j moves, Enter opens, slash finds the value, ? shows the sheet", async () => {
  fakeHub();
  openAt("/search?field=email&value=x@y.example");
  const [first, second] = await rows();
  fireEvent.keyDown(document.body, { key: "j" });
  expect(document.activeElement).toBe(first);
  fireEvent.keyDown(first as HTMLElement, { key: "j" });
  expect(document.activeElement).toBe(second);
  fireEvent.keyDown(second as HTMLElement, { key: "/" });
  expect(document.activeElement).toBe(screen.getByRole("textbox", { name: "Value" }));
  (document.activeElement as HTMLElement).blur();
  fireEvent.keyDown(document.body, { key: "?" });
  expect(await screen.findByRole("dialog", { name: "Keyboard shortcuts" })).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: "Close" }));
  (second as HTMLElement).focus();
  fireEvent.keyDown(second as HTMLElement, { key: "Enter" });
  await screen.findByTestId("rating-banner");
  expect(window.location.pathname).toBe(`/sessions/${page.sessions[1]?.session_id ?? ""}`);
});
