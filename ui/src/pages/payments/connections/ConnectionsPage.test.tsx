import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { openAt } from "../../../test/app";
import { fakeHub } from "../../../test/hub";

const at = "2026-11-21T10:30:00Z";
const integration = { id: "i1", type: "link", slug: "link-prod", name: "Link", base_url: "https://link.example", timeout_ms: 5000, enabled: true, description: null, adapter: null, has_credentials: true, inserted_at: at, updated_at: at };
const backend = { name: "link-prod/vdm", integration: "link-prod", type: "link", id: "vdm", title: "Visa", enabled: true, assesses: ["pan"], requires: ["$.customer.email"], notified: null, breaker: "open", opened: 2, calls: 40, under_way: 0, failures: { timeout: 6 } };
const webhook = { id: "w1", url: "https://shop.example/hooks", events: ["decision.review"], masked_hmac_key: "ABCDExxxxx", inserted_at: at, updated_at: at };
const letter = { id: "d1", webhook_id: "w1", event: "decision.review", decision_id: "01a1", attempts: 12, created_at: at, last_error: "status 500" };
const client = { client_id: "cl_1", name: "Checkout", scopes: ["decisions:create"], created_at: at, disabled: false };
const root = "/payments/admin";

async function open(environment = "production", more: Parameters<typeof fakeHub>[0] = {}) {
  const part = (...data: object[]) => () => ({ data, links: { next: null } });
  const asked = fakeHub({
    [`${root}/integrations`]: part(integration),
    [`${root}/backends`]: part(backend),
    [`${root}/webhooks`]: ({ method }) => (method === "POST" ? { ...webhook, hmac_key: "ABCDE12345" } : part(webhook)()),
    [`${root}/deliveries`]: part(letter),
    [`${root}/clients`]: ({ method }) => (method === "POST" ? { ...client, client_secret: "s3cret-once" } : part(client)()),
    [`${root}/keys`]: part({ kid: "k2", created_at: at, signs: true }, { kid: "k1", created_at: at, signs: false }),
    ...more,
  });
  openAt(`/payments/connections?env=${environment}`);
  await screen.findByTestId("dead-letter-row");
  await screen.findByTestId("backend-status-row");
  return asked;
}

describe("connections", () => {
  test("show how integrations, backends, webhooks and clients stand", async () => {
    await open();
    expect(screen.getByTestId("integration-row").textContent).toContain("kept sealed");
    expect(screen.getByTestId("backend-status-row").textContent).toContain("not asked: it failed too often");
    expect(screen.getByTestId("backend-status-row").textContent).toContain("no answer in time: 6");
    expect(screen.getByTestId("webhook-row").textContent).toContain("ABCDExxxxx");
    expect((await screen.findByTestId("client-row")).textContent).toContain("decisions:create");
  });

  test("a new webhook's key is shown once", async () => {
    const asked = await open();
    fireEvent.click(screen.getByRole("button", { name: "Add webhook" }));
    const dialog = within(screen.getByRole("dialog", { name: "Add a webhook" }));
    fireEvent.change(dialog.getByLabelText("Address"), { target: { value: "https://shop.example/hooks" } });
    fireEvent.click(dialog.getByRole("checkbox", { name: "decision.allow" }));
    fireEvent.click(dialog.getByRole("checkbox", { name: "decision.block" }));
    fireEvent.click(dialog.getByRole("button", { name: "Add" }));
    expect((await screen.findByTestId("secret")).textContent).toContain("ABCDE12345");
    expect(asked.find(({ method }) => method === "POST")?.body).toEqual({ url: "https://shop.example/hooks", events: ["decision.allow", "decision.review"] });
    fireEvent.click(within(screen.getByRole("dialog", { name: "The webhook’s key" })).getByRole("button", { name: "Done" }));
    await waitFor(() => expect(document.body.textContent).not.toContain("ABCDE12345"));
  });

  test("a new client's secret is shown once, with its scopes chosen", async () => {
    const asked = await open();
    fireEvent.click(await screen.findByRole("button", { name: "Add client" }));
    const dialog = within(screen.getByRole("dialog", { name: "Add an API client" }));
    fireEvent.change(dialog.getByLabelText("Name"), { target: { value: "Checkout" } });
    fireEvent.click(dialog.getByRole("checkbox", { name: "events:create" }));
    fireEvent.click(dialog.getByRole("button", { name: "Add" }));
    expect((await screen.findAllByTestId("secret")).map((part) => part.textContent)).toEqual(["client ID cl_1", "secret s3cret-once"]);
    expect(asked.find(({ method }) => method === "POST")?.body).toEqual({ name: "Checkout", scopes: ["decisions:create"] });
  });

  test("a message that was given up is sent again", async () => {
    let dead = true;
    const asked = await open("production", {
      [`${root}/deliveries`]: () => ({ data: dead ? [letter] : [], links: {} }),
      [`${root}/deliveries/d1/redeliver`]: () => {
        dead = false;
        return new Response(null, { status: 204 });
      },
    });
    fireEvent.click(screen.getByRole("button", { name: "Send again d1" }));
    expect(await screen.findByText("Every message was taken, or is still being tried.")).toBeTruthy();
    expect(asked.some(({ method, path }) => method === "POST" && path.endsWith("/redeliver"))).toBe(true);
  });

  test("an integration is added, switched off and deleted", async () => {
    const asked = await open("production", {
      [`${root}/integrations`]: ({ method }) => (method === "POST" ? integration : { data: [integration] }),
      [`${root}/integrations/i1`]: ({ method }) => (method === "DELETE" ? new Response(null, { status: 204 }) : { ...integration, enabled: false }),
    });
    fireEvent.click(screen.getByRole("button", { name: "Switch off Link" }));
    await waitFor(() => expect(asked.find(({ method }) => method === "PATCH")?.body).toEqual({ enabled: false }));
    fireEvent.click(screen.getByRole("button", { name: "Add integration" }));
    const dialog = within(screen.getByRole("dialog", { name: "Add an integration" }));
    fireEvent.click(dialog.getByRole("radio", { name: /^HTTP/ }));
    for (const [label, value] of [["Name", "Engine"], ["Slug, as rules name it", "engine"], ["Address", "https://engine.example"], ["Mapping, as JSON", "{"]] as const) {
      fireEvent.change(dialog.getByLabelText(label), { target: { value } });
    }
    expect(dialog.getByRole("button", { name: "Add" }).hasAttribute("disabled")).toBe(true);
    fireEvent.change(dialog.getByLabelText("Mapping, as JSON"), { target: { value: '{"method":"POST"}' } });
    fireEvent.click(dialog.getByRole("button", { name: "Add" }));
    await waitFor(() =>
      expect(asked.find(({ method }) => method === "POST")?.body).toEqual({ type: "http", name: "Engine", slug: "engine", base_url: "https://engine.example", adapter: { method: "POST" } }),
    );
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    fireEvent.click(screen.getByRole("button", { name: "Delete Link" }));
    fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Delete" }));
    await waitFor(() => expect(asked.some(({ method }) => method === "DELETE")).toBe(true));
  });

  test("a viewer sees no clients and changes nothing", async () => {
    const asked = await open("staging");
    expect(asked.some(({ path }) => path.endsWith("/clients"))).toBe(false);
    for (const name of [/^Add/, /^Delete/, /^Switch/, /^Send/, /^New key/, "Look for backends"]) expect(screen.queryByRole("button", { name })).toBeNull();
  });
});
