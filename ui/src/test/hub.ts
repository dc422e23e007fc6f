import { readFileSync } from "node:fs";
import { vi } from "vitest";

/** A golden file of the API, shared with the Go side. */
export function golden(name: string): unknown {
  return JSON.parse(goldenText(name)) as unknown;
}

export function goldenText(name: string): string {
  return readFileSync(`../testdata/wire/${name}`, "utf8");
}

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}

/** A value is sent as JSON, a Response as it is. */
type Reply = (asked: Asked) => unknown;

export function refuse(status: number, code: string, message = "", headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ error: { code, message } }), { status, headers });
}

/** Answers fetch from the golden files, or as the test says by path, and keeps what was asked. */
export function fakeHub(replies: Record<string, Reply> = {}): Asked[] {
  const asked: Asked[] = [];
  const defaults: Record<string, Reply> = {
    "/me": () => golden("hub-me.json"),
    "/fields": () => golden("hub-fields.json"),
    "/totals": () => golden("hub-totals.json"),
    "/health": () => golden("hub-health.json"),
    "/sessions/search": () => golden("hub-page.json"),
  };
  const answer = (address: string, init?: RequestInit): Response => {
    const url = new URL(address, "http://hub");
    const path = url.pathname.replace("/api/v1", "");
    const body: unknown = typeof init?.body === "string" ? JSON.parse(init.body) : undefined;
    const question = { method: init?.method ?? "GET", path, query: url.searchParams, body };
    asked.push(question);
    if (path.endsWith("/explanation") && !replies[path]) return new Response(JSON.stringify(golden("hub-explanation.json")));
    const reply = replies[path] ?? defaults[path] ?? (path.startsWith("/sessions/") ? () => golden("hub-story.json") : undefined);
    const result = reply ? reply(question) : refuse(404, "not_found");
    return result instanceof Response ? result : new Response(JSON.stringify(result));
  };
  vi.stubGlobal("fetch", (address: string, init?: RequestInit) => Promise.resolve(answer(address, init)));
  return asked;
}
