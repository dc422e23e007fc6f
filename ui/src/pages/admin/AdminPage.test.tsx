import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import type { Audit, Users } from "../../api/types";
import { openAt } from "../../test/app";
import { fakeHub, golden, refuse } from "../../test/hub";

const users = golden("hub-users.json") as Users;
const audit = golden("hub-audit.json") as Audit;
const done = () => new Response(null, { status: 204 });
const replies = { "/users": () => users, "/audit": () => audit };

async function userRow(email: string): Promise<HTMLElement> {
  const rows = await screen.findAllByTestId("user-row");
  const row = rows.find((candidate) => candidate.textContent.includes(email));
  if (!row) throw new Error(`no row of ${email}`);
  return row;
}

describe("users", () => {
  test("are listed with role and state; nobody changes themselves", async () => {
    fakeHub(replies);
    openAt("/administration/users?env=production");
    expect(await screen.findAllByTestId("user-row")).toHaveLength(users.users.length);
    expect(within(await userRow("kim@shop.example")).getByText("Analyst")).toBeTruthy();
    expect(within(await userRow("lee@shop.example")).getByText("disabled")).toBeTruthy();
    expect(within(await userRow("ada@shop.example")).queryAllByRole("button")).toHaveLength(0);
  });

  test("a person is added with a role, and the password is shown", async () => {
    const [ada] = users.users;
    const asked = fakeHub({ ...replies, "/users": ({ body }) => (body === undefined ? users : { user: ada, password: "abcdefghijklmnopqrst" }) });
    openAt("/administration/users?env=production");
    await screen.findAllByTestId("user-row");
    fireEvent.click(screen.getByRole("button", { name: "Add a person" }));
    fireEvent.change(screen.getByLabelText("Email"), { target: { value: " new@shop.example" } });
    fireEvent.change(screen.getByLabelText("Name"), { target: { value: "New Person" } });
    fireEvent.click(screen.getByRole("radio", { name: /^Viewer/ }));
    fireEvent.submit(screen.getByRole("form", { name: "Add a person" }));
    expect((await screen.findByTestId("first-password")).textContent).toContain("abcdefghijklmnopqrst");
    const sent = asked.find(({ path, body }) => path === "/users" && body !== undefined)?.body;
    expect(sent).toEqual({ environment: "production", email: "new@shop.example", name: "New Person", role: "viewer" });
    fireEvent.click(screen.getByRole("button", { name: "Done" }));
    expect(screen.queryByTestId("first-password")).toBeNull();
  });

  test("one who is there already is said", async () => {
    fakeHub({ ...replies, "/users": ({ body }) => (body === undefined ? users : refuse(409, "already_there")) });
    openAt("/administration/users?env=production");
    await screen.findAllByTestId("user-row");
    fireEvent.click(screen.getByRole("button", { name: "Add a person" }));
    fireEvent.submit(screen.getByRole("form", { name: "Add a person" }));
    expect((await screen.findByRole("alert")).textContent).toBe("This person already has a role in this environment.");
  });

  test("disabling is asked for first, then carried out and the list renewed", async () => {
    const kim = users.users.find(({ email }) => email === "kim@shop.example");
    const change = `/users/${kim?.id ?? ""}/disable`;
    const asked = fakeHub({ ...replies, [change]: done });
    openAt("/administration/users?env=production");
    fireEvent.click(within(await userRow("kim@shop.example")).getByRole("button", { name: "Disable kim@shop.example" }));
    const dialog = screen.getByRole("dialog", { name: "Disable Kim Abara?" });
    expect(asked.some(({ path }) => path === change)).toBe(false);
    const listed = asked.filter(({ path }) => path === "/users").length;
    fireEvent.click(within(dialog).getByRole("button", { name: "Disable" }));
    await waitFor(() => expect(asked.find(({ path }) => path === change)?.body).toEqual({ environment: "production" }));
    await waitFor(() => expect(asked.filter(({ path }) => path === "/users").length).toBeGreaterThan(listed));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  test("a refusal stays in the dialog", async () => {
    const lee = users.users.find(({ email }) => email === "lee@shop.example");
    fakeHub({ ...replies, [`/users/${lee?.id ?? ""}/enable`]: () => refuse(403, "forbidden", "this person also belongs to an environment you do not administer") });
    openAt("/administration/users?env=production");
    fireEvent.click(within(await userRow("lee@shop.example")).getByRole("button", { name: "Enable lee@shop.example" }));
    fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Enable" }));
    expect((await screen.findByRole("alert")).textContent).toBe("This person also belongs to an environment you do not administer.");
  });
});

test("the audit can be narrowed by action and by words", async () => {
  fakeHub(replies);
  openAt("/administration/audit?env=production");
  expect(await screen.findAllByTestId("audit-row")).toHaveLength(audit.entries.length);
  fireEvent.change(screen.getByRole("combobox", { name: "Action" }), { target: { value: "user.created" } });
  expect(screen.getAllByTestId("audit-row")).toHaveLength(2);
  fireEvent.change(screen.getByRole("searchbox", { name: "Search the audit" }), { target: { value: "KIM analyst" } });
  expect(screen.getAllByTestId("audit-row").map((row) => row.textContent)).toEqual([expect.stringContaining("kim@shop.example as analyst")]);
  fireEvent.change(screen.getByRole("searchbox", { name: "Search the audit" }), { target: { value: "nobody at all" } });
  expect(screen.getByText("No entry matches")).toBeTruthy();
});

test("who is no administrator sees neither the link nor the page", async () => {
  const asked = fakeHub({ "/me": () => golden("hub-me.json") });
  openAt("/administration/users?env=staging");
  expect(await screen.findByText("Only administrators see this")).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Administration" })).toBeNull();
  expect(asked.some(({ path }) => path === "/users" || path === "/audit")).toBe(false);
});
