import { fireEvent, screen } from "@testing-library/react";
import { expect, test } from "vitest";
import { openAt } from "../../test/app";
import { fakeHub, refuse } from "../../test/hub";
import { safeReturn } from "./LoginPage";

test.each([
  ["/sessions/1?env=a", "/sessions/1?env=a"],
  [null, "/search"],
  ["//evil.example", "/search"],
  ["/\\evil.example", "/search"],
  ["https://evil.example", "/search"],
  ["javascript:alert(1)", "/search"],
  ["/login?next=/login", "/search"],
])("after the login %s leads to %s", (next, place) => expect(safeReturn(next)).toBe(place));

test.each([
  [refuse(401, "wrong_login"), "This email and password do not fit together."],
  [refuse(429, "too_many_attempts", "", { "Retry-After": "90" }), "Too many attempts. Try again in 1 m 30 s."],
  [new Response("<html>", { status: 502 }), "The Hub answered 502."],
])("a refusal is said plainly and empties the password", async (reply, words) => {
  fakeHub({ "/login": () => reply });
  openAt("/login");
  fireEvent.change(screen.getByLabelText("Email"), { target: { value: "ada@shop.example" } });
  fireEvent.change(screen.getByLabelText("Password"), { target: { value: "guess" } });
  fireEvent.submit(screen.getByRole("form", { name: "Log in" }));
  expect((await screen.findByRole("alert")).textContent).toBe(words);
  expect(screen.getByLabelText<HTMLInputElement>("Password").value).toBe("");
});
