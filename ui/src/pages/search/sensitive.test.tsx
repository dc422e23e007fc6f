import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { beforeEach, expect, test, vi } from "vitest";
import type { Query } from "../../api/types";
import { forgetHeld, hold, isKeyedHash, recall } from "../../state/held";
import { addressBar, openAt } from "../../test/app";
import { fakeHub, golden } from "../../test/hub";
import type { Asked } from "../../test/hub";

const typed = "078-05-1120";
const hash = "a2b3c4d5e6f7g2h3i4j5k6l7m2";

beforeEach(forgetHeld);

function lastSearch(asked: readonly Asked[]): Query | undefined {
  return asked.filter(({ path }) => path === "/sessions/search").at(-1)?.body as Query | undefined;
}

async function searchBySsn(): Promise<void> {
  await screen.findAllByTestId("result-row");
  const field = screen.getByRole("combobox", { name: "Field type" });
  fireEvent.click(field);
  fireEvent.change(field, { target: { value: "ssn" } });
  fireEvent.keyDown(field, { key: "Enter" });
  const value = screen.getByRole("textbox", { name: "Value" });
  expect(value.getAttribute("placeholder")).toContain("kept out of the address");
  fireEvent.change(value, { target: { value: typed } });
  fireEvent.submit(screen.getByTestId("search-form"));
}

test("a sensitive value is searched but never stands in an address, nor in the history", async () => {
  const push = vi.spyOn(window.history, "pushState");
  const replace = vi.spyOn(window.history, "replaceState");
  const asked = fakeHub({ "/exports": () => ({ ticket: "t" }) });
  vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(() => undefined);
  openAt("/search");
  await searchBySsn();
  await waitFor(() => expect(lastSearch(asked)).toMatchObject({ field: "ssn", values: [typed] }));
  // Whatever follows keeps it: sorting, the download, the field as it is shown.
  fireEvent.click(screen.getByRole("button", { name: "# Events" }));
  await waitFor(() => expect(lastSearch(asked)).toMatchObject({ sort: "events", values: [typed] }));
  fireEvent.click(screen.getByTestId("csv-download"));
  await waitFor(() => expect(asked.find(({ path }) => path === "/exports")?.body).toMatchObject({ field: "ssn", values: [typed] }));
  expect(screen.getByRole<HTMLInputElement>("textbox", { name: "Value" }).value).toBe(typed);
  expect(addressBar().get("held")).toMatch(/^[0-9a-f]{16}$/);
  const written = JSON.stringify([push.mock.calls, replace.mock.calls, window.location.href, document.title, Object.entries(localStorage), Object.entries(sessionStorage)]);
  expect(written).not.toContain("1120");
  for (const link of document.querySelectorAll("a")) expect(link.href).not.toContain("1120");
});

test("after a reload the value is asked for, and nothing is searched without it", async () => {
  const asked = fakeHub();
  openAt("/search?field=ssn&held=0123456789abcdef");
  expect(await screen.findByText("The value of this search was not kept")).toBeTruthy();
  expect(lastSearch(asked)).toBeUndefined();
  expect(screen.queryByTestId("results-table")).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Show all sessions" }));
  await screen.findAllByTestId("result-row");
  expect(lastSearch(asked)?.field).toBeUndefined();
});

test("an address that somebody else made is cleaned", async () => {
  const asked = fakeHub();
  openAt(`/search?field=ssn&value=${typed}`);
  await waitFor(() => expect(addressBar().get("held")).not.toBeNull());
  expect(window.location.href).not.toContain("1120");
  await waitFor(() => expect(lastSearch(asked)?.values).toEqual([typed]));
});

test("a keyed hash may stand in an address, and so may what is not sensitive", async () => {
  fakeHub();
  openAt(`/search?field=ssn&value=${hash}`);
  await screen.findAllByTestId("result-row");
  expect(addressBar().getAll("value")).toEqual([hash]);
  expect([isKeyedHash(hash), isKeyedHash(typed), isKeyedHash(`${hash}a`)]).toEqual([true, false, false]);
});

test("logging out forgets what was held", async () => {
  fakeHub({ "/logout": () => new Response(null, { status: 204 }), "/me": () => golden("hub-me.json") });
  openAt("/search");
  const key = hold(["x"]);
  expect(recall(key)).toEqual(["x"]);
  fireEvent.click(await screen.findByRole("button", { name: "Your account" }));
  fireEvent.click(within(screen.getByRole("dialog", { name: "Your account" })).getByRole("button", { name: "Log out" }));
  await waitFor(() => expect(recall(key)).toEqual([]));
});

test("the same values have one key, and the oldest give way", () => {
  const first = hold(["a", "b"]);
  expect(hold(["a", "b"])).toBe(first);
  expect(hold(["a"])).not.toBe(first);
  for (let index = 0; index < 100; index++) hold([`${index}`]);
  expect(recall(first)).toEqual([]);
});
