import { screen, within } from "@testing-library/react";
import { describe, expect, test } from "vitest";
import { explanation as decode } from "../../api/explanation";
import { openAt } from "../../test/app";
import { fakeHub, golden, refuse } from "../../test/hub";
import { distance, limit } from "./ExplanationCard";

const explanation = decode(golden("hub-explanation.json"), "");
const path = `/sessions/${explanation.session_id}`;

describe("the explanation", () => {
  test("says why, what did it, what is next, and who it is", async () => {
    fakeHub();
    openAt(`${path}?env=production`);
    const card = within(await screen.findByTestId("explanation"));
    for (const sentence of explanation.sentences) expect(card.getByText(sentence)).toBeTruthy();
    expect(card.getByText("No rating is worse")).toBeTruthy();
    expect(card.getByText("Account")).toBeTruthy();
    expect(card.getByText("97 % sure")).toBeTruthy();
    const labels = within(card.getByRole("list", { name: "Labels that are enough for the rating" }));
    expect(labels.getByText("Account Takeover")).toBeTruthy();
    expect(labels.getAllByText("> 10, within 1m").length).toBeGreaterThan(0);
  });

  test("the page stands without it", async () => {
    fakeHub({ [`${path}/explanation`]: () => refuse(503, "no_explanation") });
    openAt(`${path}?env=production`);
    expect(await screen.findByTestId("rating-banner")).toBeTruthy();
    expect(screen.queryByTestId("explanation")).toBeNull();
  });

  test("distances and limits in words", () => {
    expect(distance({ ...explanation, rating: "suspicious", next_rating: "malicious", next: 371 })).toBe("371 points to Malicious");
    const operand = { expression: "x", value: "1", operator: ">=", threshold: "5", window: "", step: 0 };
    expect(limit(operand)).toBe(" >= 5");
    expect(limit({ ...operand, threshold: "", window: "1h" })).toBe(", within 1h");
  });
});
