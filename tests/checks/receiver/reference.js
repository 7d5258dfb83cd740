// A receiver of Zoom's events that hashes what it has parsed and written anew, as Zoom's pages show it.
// Usage: node reference.js SECRET; it prints the port that it listens on.

const crypto = require("node:crypto");
const http = require("node:http");

const secret = process.argv[2];
const WINDOW = 300; // seconds

const digest = (text) => crypto.createHmac("sha256", secret).update(text).digest("hex");

function same(one, other) {
  const a = Buffer.from(one), b = Buffer.from(other);
  return a.length === b.length && crypto.timingSafeEqual(a, b);
}

function answer(headers, body) {
  const timestamp = headers["x-zm-request-timestamp"];
  const signature = headers["x-zm-signature"];
  if (!/^\d+$/.test(timestamp || "") || Math.abs(Date.now() / 1000 - Number(timestamp)) > WINDOW) return [401, ""];
  let event;
  try {
    event = JSON.parse(body);
  } catch {
    return [400, ""];
  }
  const expected = `v0=${digest(`v0:${timestamp}:${JSON.stringify(event)}`)}`;
  if (!same(expected, signature || "")) return [401, ""];
  if (event.event === "endpoint.url_validation") {
    const { plainToken } = event.payload;
    return [200, JSON.stringify({ plainToken, encryptedToken: digest(plainToken) })];
  }
  return [204, ""];
}

const server = http.createServer((request, response) => {
  const parts = [];
  request.on("data", (part) => parts.push(part));
  request.on("end", () => {
    const [status, said] = answer(request.headers, Buffer.concat(parts).toString("utf8"));
    response.writeHead(status, { "content-type": "application/json" });
    response.end(said);
  });
});

server.listen(0, "127.0.0.1", () => console.log(server.address().port));
