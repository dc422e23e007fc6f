// An origin that writes down every request it sees, one JSON line each: node witness.mjs strict|lenient
import http from "node:http";

let seen = 0;
function note(request) {
  const id = `node-${++seen}`;
  process.stdout.write(JSON.stringify({ id, method: request.method, target: request.url }) + "\n");
  return id;
}
function answer(request, response) {
  const id = note(request);
  request.on("error", () => {});
  response.on("error", () => {});
  request.resume();
  request.on("end", () => {
    response.setHeader("X-Seen", id);
    response.end("ok");
  });
}
const server = http.createServer({ insecureHTTPParser: process.argv[2] === "lenient" }, answer);
for (const event of ["checkContinue", "checkExpectation"]) server.on(event, answer);
server.on("connect", (request, socket) => {
  note(request);
  socket.destroy();
});
server.on("clientError", (error, socket) => socket.destroy());
server.listen(0, "127.0.0.1", () => process.stdout.write(`listening at 127.0.0.1:${server.address().port}\n`));
