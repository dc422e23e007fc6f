import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import type { SubmitEvent } from "react";
import { useLocation, useSearchParams } from "wouter";
import { ApiError } from "../../api/client";
import { logIn, meQuery } from "../../api/resources";
import { PasswordField } from "../../components/PasswordField";
import { Wordmark } from "../../components/Wordmark";
import { duration } from "../../format/time";
import { forgetHeld } from "../../state/held";

export function LoginPage() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const [parameters] = useSearchParams();

  const login = useMutation({
    mutationFn: () => logIn(email.trim(), password),
    onSuccess: async () => {
      // Nothing of an earlier login may show through.
      client.clear();
      forgetHeld();
      await client.query(meQuery).catch(() => undefined);
      navigate(safeReturn(parameters.get("next")), { replace: true });
    },
    onError: () => setPassword(""),
  });

  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    if (!login.isPending) login.mutate();
  };
  return (
    <main className="login">
      <form onSubmit={submit} className="login-card form" aria-label="Log in">
        <Wordmark />
        <h1>Log in to the Hub</h1>
        <label className="field">
          Email
          <input
            type="email"
            autoComplete="username"
            required
            autoFocus
            value={email}
            onChange={(event) => setEmail(event.target.value)}
          />
        </label>
        <PasswordField label="Password" complete="current-password" value={password} onChange={setPassword} />
        {login.error && (
          <p className="form-error" role="alert">
            {refusal(login.error)}
          </p>
        )}
        <button type="submit" className="button button-main" disabled={login.isPending}>
          {login.isPending ? "Logging in…" : "Log in"}
        </button>
        <p className="form-hint">
          First time here? Wayguard printed the first administrator’s password when it started for the first time.
        </p>
      </form>
    </main>
  );
}

/** Only a path of this site: "//host" and "https:" would lead elsewhere. */
export function safeReturn(next: string | null): string {
  return next !== null && /^\/(?![/\\])/.test(next) && !next.startsWith("/login") ? next : "/search";
}

function refusal(error: Error): string {
  if (!(error instanceof ApiError)) return "Something went wrong in this page. Reload it.";
  if (error.code === "wrong_login") return "This email and password do not fit together.";
  if (error.code === "too_many_attempts") {
    return error.retryAfter > 0
      ? `Too many attempts. Try again in ${duration(error.retryAfter)}.`
      : "Too many attempts. Try again later.";
  }
  if (error.status === 0) return "The Hub cannot be reached. Check that Wayguard is running.";
  return error.message === "" ? "The Hub could not log you in." : error.message;
}
