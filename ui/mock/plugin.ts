import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";
import { answer } from "./answers.ts";
import { stream } from "./stream.ts";

/**
 * Answers the Hub's API from the golden files in testdata/wire, so that `npm run dev` needs no server. Any email logs in
 * with the password "wayguard". Addresses with ?mock=down, ?mock=slow or ?mock=empty show those states.
 */
export function mockHub(): Plugin {
  return {
    name: "wayguard-mock-hub",
    apply: "serve",
    configureServer(server) {
      server.middlewares.use("/api/v1", (request, response) => {
        // A page that leaves in the middle of a request breaks it off.
        handle(request, response).catch(() => response.destroy());
      });
    },
  };
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const address = new URL(request.url ?? "/", "http://hub");
  if (address.pathname === "/live") return stream(request, response);
  const mood = /[?&]mock=(\w+)/.exec(request.headers.referer ?? "")?.[1] ?? "";
  if (mood === "slow") await new Promise((resume) => setTimeout(resume, 60_000));
  const { status, body, cookie, type = "application/json" } = await answer(request, address, mood);
  response.statusCode = status;
  response.setHeader("Content-Type", type);
  if (cookie !== undefined) response.setHeader("Set-Cookie", cookie);
  if (type === "text/csv") response.setHeader("Content-Disposition", 'attachment; filename="sessions.csv"');
  response.end(status === 204 ? undefined : body);
}
