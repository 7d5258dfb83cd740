// Calls a URL by CONNECT, with nothing but what Node brings, and prints what it got.
const http = require("http");
const tls = require("tls");

const target = new URL(process.argv[2]);
const proxy = new URL(process.env.HTTPS_PROXY);
const connect = http.request({
  host: proxy.hostname, port: proxy.port, method: "CONNECT", path: `${target.hostname}:443`,
});
connect.on("connect", (answer, socket) => {
  const secure = tls.connect({ socket, servername: target.hostname }, () => {
    const headers = { Authorization: "Bearer test" };
    const options = { createConnection: () => secure, host: target.hostname, path: target.pathname, headers };
    http.get(options, (got) => got.pipe(process.stdout).on("error", () => {}) && got.on("end", () => secure.end()));
  });
  secure.on("error", (error) => { console.error(error.code); process.exitCode = 1; });
});
connect.end();
