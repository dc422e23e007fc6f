import type { IncomingMessage, ServerResponse } from "node:http";
import type { Story } from "../src/api/types";
import { golden } from "./golden.ts";

/** Sends a record of the golden story every few seconds, as the live stream does. */
export async function stream(request: IncomingMessage, response: ServerResponse): Promise<void> {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  const { session } = (await golden("hub-story.json")) as Story;
  const send = () => {
    const record = {
      event_id: crypto.randomUUID(),
      session_id: session.session_id,
      time: new Date().toISOString(),
      event_name: "View Product",
      event_type: "product_view",
      result: "success",
      rating: session.rating,
      before: session.rating,
      labels: [],
      number: session.events,
    };
    response.write(`event: records\ndata: ${JSON.stringify({ records: [record] })}\n\n`);
  };
  response.write(": hello\n\n");
  const timer = setInterval(send, 3_000);
  request.on("close", () => clearInterval(timer));
}
