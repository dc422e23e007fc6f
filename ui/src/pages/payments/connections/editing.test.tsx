import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { openAt } from "../../../test/app";
import { fakeHub, refuse } from "../../../test/hub";

const at = "2026-11-21T10:30:00Z";
const root = "/payments/admin";
const integration = { id: "i1", type: "http", slug: "engine", name: "Engine", base_url: "https://engine.example", timeout_ms: 0, enabled: true, description: null, adapter: { method: "POST" }, has_credentials: true, inserted_at: at, updated_at: at };
const webhook = { id: "w1", url: "https://shop.example/hooks", events: ["decision.review"], masked_hmac_key: "ABCDExxxxx", inserted_at: at, updated_at: at };
const client = { client_id: "cl_1", name: "Checkout", scopes: ["decisions:create", "reports:read"], created_at: at, disabled: false };

async function open(environment = "production", more: Parameters<typeof fakeHub>[0] = {}) {
  const part = (...data: object[]) => ({ data, links: { next: null } });
  const asked = fakeHub({
    [`${root}/integrations`]: () => part(integration),
    [`${root}/integrations/i1`]: () => integration,
    [`${root}/backends`]: () => part(),
    [`${root}/webhooks`]: () => part(webhook),
    [`${root}/webhooks/w1`]: () => webhook,
    [`${root}/deliveries`]: () => part(),
    [`${root}/clients`]: () => part(client),
    [`${root}/clients/cl_1`]: () => client,
    [`${root}/keys`]: () => part({ kid: "k2", created_at: at, signs: true }, { kid: "k1", created_at: at, signs: false }),
    ...more,
  });
  openAt(`/payments/connections?env=${environment}`);
  await screen.findByTestId("integration-row");
  await screen.findByTestId("webhook-row");
  return asked;
}

const sent = (asked: Awaited<ReturnType<typeof open>>, method: string) => asked.find((one) => one.method === method);

async function edit(name: string, title: string) {
  fireEvent.click(await screen.findByRole("button", { name: `Edit ${name}` }));
  return within(screen.getByRole("dialog", { name: title }));
}

describe("a webhook", () => {
  test("is changed and keeps its key", async () => {
    const asked = await open();
    const dialog = await edit(webhook.url, "Edit the webhook");
    fireEvent.change(dialog.getByLabelText("Address"), { target: { value: "https://shop.example/new" } });
    fireEvent.click(dialog.getByRole("checkbox", { name: "decision.block" }));
    fireEvent.click(dialog.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(sent(asked, "PATCH")).toMatchObject({ path: `${root}/webhooks/w1`, body: { url: "https://shop.example/new", events: ["decision.block", "decision.review"] } }));
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    expect(screen.queryByTestId("secret")).toBeNull();
  });
});

describe("a client", () => {
  test("is changed and keeps scopes that the page does not know", async () => {
    const asked = await open();
    const dialog = await edit("Checkout", "Edit Checkout");
    fireEvent.change(dialog.getByLabelText("Name"), { target: { value: "Shop" } });
    fireEvent.click(dialog.getByRole("checkbox", { name: "admin:erasures:write" }));
    fireEvent.click(dialog.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(sent(asked, "PATCH")?.body).toEqual({ name: "Shop", scopes: ["decisions:create", "admin:erasures:write", "reports:read"] }));
  });

  test("that lost all scopes cannot be saved", async () => {
    await open();
    const dialog = await edit("Checkout", "Edit Checkout");
    for (const scope of client.scopes) fireEvent.click(dialog.getByRole("checkbox", { name: scope }));
    expect(dialog.getByRole("button", { name: "Save" }).hasAttribute("disabled")).toBe(true);
  });
});

describe("an integration", () => {
  test("keeps its credentials unless it is told otherwise", async () => {
    const asked = await open();
    const dialog = await edit("Engine", "Edit Engine");
    fireEvent.change(dialog.getByLabelText("Time to answer, in milliseconds"), { target: { value: "900" } });
    fireEvent.change(dialog.getByLabelText("Mapping, as JSON"), { target: { value: '{"method": "PUT"}' } });
    fireEvent.click(dialog.getByRole("button", { name: "Save" }));
    await waitFor(() => expect(sent(asked, "PATCH")?.body).toEqual({ name: "Engine", base_url: "https://engine.example", timeout_ms: 900, adapter: { method: "PUT" } }));
  });

  test("gets new credentials, or loses them", async () => {
    const asked = await open();
    const dialog = await edit("Engine", "Edit Engine");
    fireEvent.click(dialog.getByRole("radio", { name: "Put in new ones" }));
    const save = dialog.getByRole("button", { name: "Save" });
    expect(save.hasAttribute("disabled")).toBe(true);
    fireEvent.change(dialog.getByLabelText(/New credentials/), { target: { value: "{" } });
    expect(dialog.getByRole("alert").textContent).toBe("The credentials are not JSON yet.");
    fireEvent.click(dialog.getByRole("radio", { name: "Take them away" }));
    fireEvent.click(save);
    await waitFor(() => expect(sent(asked, "PATCH")?.body).toMatchObject({ timeout_ms: 5000, credentials: null }));
  });

  test("that is refused says why and stays open", async () => {
    await open("production", { [`${root}/integrations/i1`]: () => refuse(422, "VALIDATION_FAILED", "must be https") });
    const dialog = await edit("Engine", "Edit Engine");
    fireEvent.click(dialog.getByRole("button", { name: "Save" }));
    expect((await dialog.findByRole("alert")).textContent).toMatch(/must be https/i);
  });
});

describe("token keys", () => {
  test("are shown and renewed after a question", async () => {
    const asked = await open("production", { [`${root}/keys/rotate`]: () => ({ data: [], links: { next: null } }) });
    const rows = (await screen.findAllByTestId("key-row")).map((row) => row.textContent);
    expect(rows[0]).toContain("signs new tokens");
    expect(rows[1]).toContain("still checks what it signed");
    fireEvent.click(screen.getByRole("button", { name: "New token key" }));
    expect(sent(asked, "POST")).toBeUndefined();
    fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Make a new key" }));
    await waitFor(() => expect(sent(asked, "POST")?.path).toBe(`${root}/keys/rotate`));
  });
});

describe("a customer", () => {
  test("is erased only when the name was put in twice", async () => {
    const asked = await open("production", { [`${root}/erasures`]: () => ({ decisions: 7 }) });
    fireEvent.click(screen.getByRole("button", { name: "Erase a customer" }));
    const dialog = within(screen.getByRole("dialog", { name: "Erase a customer" }));
    const button = dialog.getByRole("button", { name: "Erase for good" });
    fireEvent.change(dialog.getByLabelText(/^Customer ID/), { target: { value: "c-7" } });
    expect(button.hasAttribute("disabled")).toBe(true);
    fireEvent.change(dialog.getByLabelText("The same again"), { target: { value: "c-8" } });
    expect(dialog.getByText("The two differ.")).toBeTruthy();
    fireEvent.change(dialog.getByLabelText("The same again"), { target: { value: "c-7" } });
    fireEvent.click(button);
    expect(await screen.findByText("7 decisions erased")).toBeTruthy();
    expect(sent(asked, "POST")).toMatchObject({ path: `${root}/erasures`, body: { customer_id: "c-7" } });
  });
});

test("whoever only looks on can change none of it", async () => {
  const asked = await open("staging");
  for (const name of [/^Edit/, "New token key", "Erase a customer"]) expect(screen.queryByRole("button", { name })).toBeNull();
  expect(asked.some((one) => one.path.endsWith("/keys"))).toBe(false);
});
