import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { openAt } from "../../../test/app";
import { fakeHub, golden } from "../../../test/hub";

const blacklist = golden("payment-blacklist.json") as { data: { id: string }[] };
const named = { data: [{ name: "trusted", kind: "allow", has_configured_values: true }], links: { next: null } };
const entry = { id: "e1", list: "trusted", field_path: "", value: "c-1", display_hint: null, expires_at: null, source_decision_id: null, inserted_at: "2026-11-21T10:00:00Z", updated_at: "2026-11-21T10:00:00Z" };

async function open(address = "/payments/lists?env=production", more: Parameters<typeof fakeHub>[0] = {}) {
  const asked = fakeHub({
    "/payments/admin/blacklist": ({ method }) => (method === "POST" ? { ...blacklist.data[0] } : blacklist),
    "/payments/admin/lists": () => named,
    "/payments/admin/lists/trusted": ({ method }) => (method === "POST" ? entry : { data: [entry], links: {} }),
    ...more,
  });
  openAt(address);
  await screen.findAllByTestId("list-row");
  return asked;
}

describe("lists", () => {
  test("show entries with where they came from and how long they live", async () => {
    await open();
    const [address, card] = screen.getAllByTestId("list-row").map((row) => row.textContent) as [string, string];
    expect(address).toContain("$.device.ip");
    expect(address).toContain("a decision");
    expect(card).toContain("****1111");
    expect(card).toContain("never");
    expect(screen.getByRole("link", { name: "192.0.2.77" }).getAttribute("href")).toBe("/entities/ip_address/192.0.2.77?env=production");
  });

  test("take a value for a while", async () => {
    const asked = await open();
    fireEvent.click(screen.getByRole("button", { name: "Add" }));
    const dialog = within(screen.getByRole("dialog", { name: "Put on the blacklist" }));
    fireEvent.change(dialog.getByLabelText("Field"), { target: { value: "$.customer.id" } });
    fireEvent.change(dialog.getByLabelText("Value"), { target: { value: "c-9" } });
    fireEvent.click(dialog.getByRole("radio", { name: "7 days" }));
    fireEvent.click(dialog.getByRole("button", { name: "Add" }));
    await waitFor(() =>
      expect(asked.find(({ method }) => method === "POST")).toMatchObject({ path: "/payments/admin/blacklist", body: { field_path: "$.customer.id", value: "c-9", ttl_seconds: 604_800 } }),
    );
    await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
  });

  test("of a name take a value for ever, without a field", async () => {
    const asked = await open("/payments/lists/trusted?env=production");
    expect(await screen.findByText("1 entry; payments are let through by it; the configuration holds more")).toBeTruthy();
    fireEvent.click(screen.getByRole("button", { name: "Add" }));
    const dialog = within(screen.getByRole("dialog", { name: "Add to trusted" }));
    fireEvent.change(dialog.getByLabelText("Value"), { target: { value: "c-2" } });
    fireEvent.click(dialog.getByRole("radio", { name: "For ever" }));
    fireEvent.change(dialog.getByLabelText("Note"), { target: { value: "old friend" } });
    fireEvent.click(dialog.getByRole("button", { name: "Add" }));
    await waitFor(() => expect(asked.find(({ method }) => method === "POST")?.body).toEqual({ value: "c-2", note: "old friend" }));
  });

  test("let a value go after a question", async () => {
    const id = blacklist.data[0]?.id ?? "";
    const asked = await open(undefined, { [`/payments/admin/blacklist/${id}`]: () => new Response(null, { status: 204 }) });
    fireEvent.click(screen.getByRole("button", { name: "Take off 192.0.2.77" }));
    fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: "Take off" }));
    await waitFor(() => expect(asked.find(({ method }) => method === "DELETE")?.path).toBe(`/payments/admin/blacklist/${id}`));
  });

  test("say why a value was not taken", async () => {
    await open(undefined, {
      "/payments/admin/blacklist": ({ method }) =>
        method === "POST"
          ? new Response(JSON.stringify({ code: "VALIDATION_FAILED", message: "the request is not valid", errors: [{ field: "$.value", code: "format", message: "must be a fingerprint" }] }), { status: 422 })
          : blacklist,
    });
    fireEvent.click(screen.getByRole("button", { name: "Add" }));
    const dialog = within(screen.getByRole("dialog"));
    fireEvent.change(dialog.getByLabelText("Value"), { target: { value: "x" } });
    fireEvent.click(dialog.getByRole("button", { name: "Add" }));
    expect((await dialog.findByRole("alert")).textContent).toContain("$.value must be a fingerprint");
  });

  test("are only looked at by a viewer", async () => {
    await open("/payments/lists?env=staging");
    expect(screen.queryByRole("button", { name: "Add" })).toBeNull();
    expect(screen.queryByRole("button", { name: /^Take off/ })).toBeNull();
  });

  test("that are empty say so", async () => {
    fakeHub({ "/payments/admin/blacklist": () => ({ data: [] }), "/payments/admin/lists": () => named });
    openAt("/payments/lists?env=production");
    expect(await screen.findByText("The list is empty")).toBeTruthy();
  });
});
