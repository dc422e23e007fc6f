import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import type { Interceptor } from "../../../api/payment-interceptors";
import { ruleset } from "../../../api/payment-rulesets";
import { openAt } from "../../../test/app";
import { fakeHub, golden } from "../../../test/hub";
import { draftOf, otherProblems, problemsAt, sent } from "./mapping";
import { stageOf } from "./stage";

const raw = golden("payment-interceptor.json") as Record<string, unknown> & { id: string; field_mapping: object[] };
const rules = ruleset(golden("payment-ruleset.json"), "");
const list = "/payments/admin/interceptors";
const path = `${list}/${raw.id}`;
const tagged = (value: unknown) => () => new Response(JSON.stringify(value), { headers: { ETag: '"3"' } });
const rulesets = () => ({ data: [], links: {} });

async function open(version: unknown = raw, environment = "production", more: Parameters<typeof fakeHub>[0] = {}) {
  const asked = fakeHub({ [path]: tagged(version), "/payments/admin/rulesets": rulesets, ...more });
  openAt(`/payments/interceptors/${raw.id}?env=${environment}`);
  await screen.findAllByTestId("mapping-row");
  return asked;
}

describe("the stage of a roll-out", () => {
  const interceptor = { status: "ACTIVE", active: true, context: "checkout", field_mapping: [{}] } as unknown as Interceptor;
  const live = { ...rules, status: "ACTIVE" as const };
  const shadow = { ...live, rules: live.rules.map((rule) => ({ ...rule, live: false })) };
  test.each([
    ["a draft", { ...interceptor, status: "DRAFT" as const }, [live], "draft"],
    ["superseded", { ...interceptor, status: "INACTIVE" as const }, [live], "retired"],
    ["switched off", { ...interceptor, active: false }, [live], "off"],
    ["without a mapping", { ...interceptor, field_mapping: [] }, [live], "passthrough"],
    ["without rules", interceptor, [], "mapping"],
    ["with a draft of rules only", interceptor, [rules], "mapping"],
    ["with shadow rules", interceptor, [shadow], "shadow"],
    ["with live rules", interceptor, [live], "active"],
    ["with those of the default context", interceptor, [{ ...live, context: "default" }], "active"],
    ["with rules not known yet", interceptor, undefined, undefined],
  ])("%s", (_, one, known, stage) => expect(stageOf(one, known)).toBe(stage));
});

describe("a mapping", () => {
  test("is edited row by row and saved as the API has it", async () => {
    const asked = await open();
    expect(screen.getAllByTestId("mapping-row")).toHaveLength(3);
    fireEvent.change(screen.getByLabelText("Filter of entry 1"), { target: { value: "to_int" } });
    fireEvent.click(screen.getByRole("button", { name: "Take away entry 2" }));
    fireEvent.click(screen.getByRole("button", { name: "Add entry" }));
    fireEvent.change(screen.getByLabelText("Kind of entry 3"), { target: { value: "const" } });
    fireEvent.change(screen.getByLabelText("Constant of entry 3"), { target: { value: "EUR" } });
    fireEvent.change(screen.getByLabelText("Target of entry 3"), { target: { value: "transaction.currency" } });
    expect(screen.getByRole("button", { name: /^Activate/ }).hasAttribute("disabled")).toBe(true);
    fireEvent.click(screen.getByRole("button", { name: "Save mapping" }));
    await waitFor(() =>
      expect(asked.find(({ method }) => method === "PATCH")?.body).toEqual({
        field_mapping: [
          { source: "$.amount.value", filter: "to_int", target: "transaction.amount" },
          { source: "$.card.number", filter: "first(6)", target: "credential.first_six" },
          { const: "EUR", target: "transaction.currency" },
        ],
      }),
    );
  });

  test("shows what is wrong in the cell it is wrong in", async () => {
    const problems = [{ field: "$.field_mapping[2].filter", code: "unknown", message: "no such filter" }, { field: "$.context", code: "required", message: "is needed" }];
    await open(raw, "production", {
      [path]: ({ method }) => (method === "PATCH" ? new Response(JSON.stringify({ code: "VALIDATION_FAILED", message: "no", errors: problems }), { status: 422 }) : tagged(raw)()),
    });
    fireEvent.change(screen.getByLabelText("Filter of entry 3"), { target: { value: "fist(6)" } });
    fireEvent.click(screen.getByRole("button", { name: "Save mapping" }));
    expect(await screen.findByText("no such filter")).toBeTruthy();
    expect(screen.getByLabelText("Filter of entry 3").getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByLabelText("Filter of entry 1").getAttribute("aria-invalid")).toBe("false");
    expect(screen.getByText("$.context").parentElement?.textContent).toContain("is needed");
  });

  test("offers the fields that were seen", async () => {
    await open();
    expect(screen.getAllByTestId("discovered-row").map((row) => row.textContent)).toEqual([
      "$.amount.value mappednumber542026-11-21 10:30:00",
      "$.card.number mappedstring542026-11-21 10:30:00",
    ]);
    fireEvent.change(screen.getByLabelText("Search the fields"), { target: { value: "card" } });
    expect(screen.getAllByTestId("discovered-row")).toHaveLength(1);
  });

  test("of a version in force is read only", async () => {
    await open({ ...raw, status: "ACTIVE" });
    expect(screen.queryByRole("button", { name: "Save mapping" })).toBeNull();
    expect(screen.getByText("POST /api/interceptors/adyen-main")).toBeTruthy();
    expect(await screen.findByText("Requests are mapped and checked, but no rule decides: all go on.")).toBeTruthy();
  });
});

describe("versions", () => {
  const versions = { data: [{ ...raw, id: "i2" }, { ...raw, id: "i1", version: 1, status: "ACTIVE" }, { ...raw, id: "i0", version: 0, status: "INACTIVE" }], links: {} };

  test("show their stage and what can be done", async () => {
    fakeHub({ [list]: () => versions, "/payments/admin/rulesets": rulesets });
    openAt("/payments/interceptors?env=production");
    const rows = await screen.findAllByTestId("interceptor-row");
    expect(rows.map((row) => within(row).getAllByRole("button").map((button) => button.textContent))).toEqual([
      ["Activate", "Delete"],
      ["New version"],
      ["Roll back to it", "New version", "Delete"],
    ]);
    expect((await within(rows[1] as HTMLElement).findByText("Mapping")).getAttribute("aria-current")).toBe("step");
  });

  test("are activated, deleted and copied after a question", async () => {
    const asked = fakeHub({
      [list]: ({ method }) => (method === "POST" ? raw : versions),
      [`${list}/i2/activate`]: () => ({ ...raw, id: "i2", status: "ACTIVE" }),
      [`${list}/i0`]: () => new Response(null, { status: 204 }),
      [path]: tagged(raw),
      "/payments/admin/rulesets": rulesets,
    });
    openAt("/payments/interceptors?env=production");
    const confirm = async (name: string, button: string) => {
      fireEvent.click(await screen.findByRole("button", { name }));
      fireEvent.click(within(screen.getByRole("dialog")).getByRole("button", { name: button }));
      await waitFor(() => expect(screen.queryByRole("dialog")).toBeNull());
    };
    await confirm("Activate: version 2 of adyen-main", "Activate");
    await confirm("Delete: version 0 of adyen-main", "Delete");
    await confirm("New version: version 1 of adyen-main", "New version");
    const changes = asked.filter(({ method }) => method !== "GET").map(({ method, path: at }) => `${method} ${at}`);
    expect(changes).toEqual([`POST ${list}/i2/activate`, `DELETE ${list}/i0`, `POST ${list}`]);
    expect(asked.find(({ method, path: at }) => method === "POST" && at === list)?.body).toMatchObject({ ref: "adyen-main", context: "checkout", field_mapping: raw.field_mapping });
    await waitFor(() => expect(window.location.pathname).toBe(`/payments/interceptors/${raw.id}`));
  });
});

test("entries come back as they were", () => {
  const entries = [
    { source: "$.a", constant: undefined, filter: "", target: "x" },
    { source: "", constant: 12, filter: "", target: "y" },
    { source: "", constant: "12", filter: "", target: "z" },
    { source: "", constant: null, filter: "trim", target: "n" },
  ];
  expect(sent(entries.map(draftOf))).toEqual([{ source: "$.a", target: "x" }, { const: 12, target: "y" }, { const: "12", target: "z" }, { const: null, filter: "trim", target: "n" }]);
  const problems = [{ field: "$.field_mapping[10].target", code: "", message: "ten" }];
  expect(problemsAt(problems, 1, "target")).toEqual([]);
  expect(problemsAt(problems, 10, "target")).toEqual(["ten"]);
  expect(otherProblems(problems)).toEqual([]);
});
