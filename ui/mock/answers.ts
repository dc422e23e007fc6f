import type { IncomingMessage } from "node:http";
import type { Page, Query, SessionRow } from "../src/api/types";
import { golden } from "./golden.ts";
import { payments } from "./payments.ts";

export interface Answer {
  status: number;
  body: string;
  cookie?: string;
  type?: string;
}

/** Answers like the Hub, as far as its pages can tell. */
export async function answer(request: IncomingMessage, address: URL, mood: string): Promise<Answer> {
  const path = address.pathname;
  if (path === "/login") return login(await bodyOf(request));
  if (path === "/logout") return { status: 204, body: "", cookie: "mock_out=1; Path=/" };
  if (path === "/password") return { status: 204, body: "" };
  if (request.headers.cookie?.includes("mock_out=1") === true) return refuse(401, "not_logged_in", "log in first");
  const part = await partOf(request, address);
  if (part) return part;
  const plain = { "/me": "hub-me.json", "/fields": "hub-fields.json", "/health": "hub-health.json" }[path];
  if (plain !== undefined) return json(await golden(plain));
  if (mood === "down") return refuse(503, "warehouse_unavailable", "the warehouse is unavailable");
  if (path === "/totals") return json(await golden("hub-totals.json"));
  if (path === "/sessions/search") return json(search(await rows(mood), JSON.parse(await bodyOf(request)) as Query));
  if (path === "/sessions/none") return refuse(404, "no_such_session", "no such session");
  if (path.startsWith("/sessions/")) return json(await golden(storyFile(path)));
  return refuse(404, "not_found", "no such path");
}

async function partOf(request: IncomingMessage, address: URL): Promise<Answer | undefined> {
  const path = address.pathname;
  if (path.startsWith("/users") || path === "/audit") return administration(request, path);
  if (path.startsWith("/payments/")) {
    const value = await payments(request.method ?? "GET", path, address.searchParams);
    return value === undefined ? refuse(404, "payments_off", "nothing decides here") : json(value);
  }
  if (path.startsWith("/mitigation") || path.endsWith("/spare")) return mitigation(path);
  return exporting(path);
}

function storyFile(path: string): string {
  return path.endsWith("/explanation") ? "hub-explanation.json" : "hub-story.json";
}

function login(body: string): Answer {
  const { email, password } = JSON.parse(body) as { email: string; password: string };
  if (password !== "wayguard") return refuse(401, "wrong_login", "wrong email or password");
  return { ...json({ user: { email, name: "Ada Okafor" } }), cookie: "mock_out=; Path=/; Max-Age=0" };
}

function exporting(path: string): Answer | undefined {
  if (path === "/exports") return { ...json({ ticket: "0".repeat(64), expires_in_seconds: 60 }), status: 201 };
  return path === "/sessions.csv" ? { status: 200, body: "Session ID\r\n", type: "text/csv" } : undefined;
}

async function mitigation(path: string): Promise<Answer> {
  const file: Record<string, string> = { "/mitigation/effects": "hub-effects", "/mitigation/accounts": "hub-accounts", "/mitigation/affected": "hub-affected" };
  if (path.endsWith(".csv")) return { status: 200, body: "Account\r\n", type: "text/csv" };
  if (path === "/mitigation/undo") return json({ affected: 3 });
  if (path.endsWith("/spare")) return json({ scope: "session", until: new Date(Date.now() + 86_400_000).toISOString() });
  const status = (await golden(`${file[path] ?? "hub-mitigation"}.json`)) as object;
  if (path !== "/mitigation/stop") return json(status);
  const now = Date.now();
  return json({ ...status, stop: { since: new Date(now).toISOString(), until: new Date(now + 900_000).toISOString(), who: "you", why: "a try" } });
}

async function administration(request: IncomingMessage, path: string): Promise<Answer> {
  if (path === "/audit") return json(await golden("hub-audit.json"));
  if (path === "/users" && request.method !== "POST") return json(await golden("hub-users.json"));
  if (path.endsWith("able")) return { status: 204, body: "" };
  return json({ user: newUser(await bodyOf(request)), password: "aq3f7k2mzt5c4wxe6hbn" });
}

function newUser(body: string) {
  const { email, name, role } = JSON.parse(body) as Record<string, string>;
  return { id: "new", email, name, role, created: new Date().toISOString(), disabled: false };
}

async function rows(mood: string): Promise<SessionRow[]> {
  if (mood === "empty") return [];
  const { sessions } = (await golden("hub-page.json")) as Page;
  // The stream's sessions grow, so that a refresh shows a change.
  const grown = Math.floor(Date.now() / 5_000) % 40;
  return sessions.map((row, index) => (index === 1 ? { ...row, events: row.events + grown } : row));
}

function search(sessions: SessionRow[], query: Query): Page {
  const kept = sessions.filter((row) => matches(row, query));
  const column = query.sort ?? "opened";
  const key = column === "duration" ? "duration_seconds" : column;
  kept.sort((a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0) * (query.descending === true ? -1 : 1));
  return { sessions: kept, total: kept.length };
}

function matches(row: SessionRow, query: Query): boolean {
  if (query.field === "session_risk_rating" && query.values?.includes(row.rating) === false) return false;
  return (query.filters ?? []).every((filter) => {
    const cell = String(row[filter.column === "duration" ? "duration_seconds" : filter.column]);
    if (filter.contains !== undefined) return cell.toLowerCase().includes(filter.contains.toLowerCase());
    if (filter.in) return filter.in.includes(cell);
    return Number(cell) >= Number(filter.min ?? "0") && Number(cell) <= Number(filter.max ?? "1e18");
  });
}

function json(value: unknown): Answer {
  return { status: 200, body: JSON.stringify(value) };
}

function refuse(status: number, code: string, message: string): Answer {
  return { status, body: JSON.stringify({ error: { code, message } }) };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
