// The suite's files over HTTP, for tests that fetch: a small stand-in for the suite's own server. Static files, with the
// headers of a `.headers` file beside them, and the substitutions of `.sub.` files.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import path from "node:path";

import { handlers } from "./wpt-handlers.mjs";

const types = { html: "text/html", htm: "text/html", js: "text/javascript", mjs: "text/javascript", json: "application/json", txt: "text/plain", css: "text/css", png: "image/png", svg: "image/svg+xml", xml: "text/xml", wasm: "application/wasm", idl: "text/plain" };

const headersBeside = async (place) => {
  const headers = [];
  try {
    for (const line of (await readFile(`${place}.headers`, "latin1")).split(/\r?\n/)) {
      const at = line.indexOf(":");
      if (at > 0) headers.push([line.slice(0, at).trim(), line.slice(at + 1).trim()]);
    }
  } catch {
    // most files have none
  }
  return headers;
};

/** `{{host}}`, `{{ports[http][0]}}`, `{{GET[name]}}` and the like, as far as they make sense on one port of loopback. */
const substitutions = (port) => (text, url) =>
  text.replace(/\{\{([^}]*)\}\}/g, (whole, expression) => {
    if (/^(?:host|domains\[.*\]|hosts\[.*\])$/.test(expression)) return "127.0.0.1";
    if (/^ports\[/.test(expression) || expression === "location[port]") return `${port}`;
    const get = /^GET\[(.*)\]$/.exec(expression);
    if (get !== null) return url.searchParams.get(get[1]) ?? "";
    if (expression === "location[host]") return `127.0.0.1:${port}`;
    if (expression === "location[scheme]") return "http";
    return whole;
  });

/** `?pipe=header(Name,value)|status(404)|trickle(d1)`: what a test wants changed. {status, headers, delayMs} */
const pipeOf = (url) => {
  const pipe = { status: 200, headers: [], delayMs: 0 };
  for (const [, name, rest] of (url.searchParams.get("pipe") ?? "").matchAll(/(\w+)\(((?:\\.|[^)\\])*)\)/g)) {
    const [first, second = ""] = rest.replace(/\\(.)/g, "$1").split(/,(.*)/s);
    if (name === "header") pipe.headers.push([first, second.replace(/,(?:True|False)$/, "")]);
    else if (name === "status") pipe.status = Number(first);
    else if (name === "trickle") pipe.delayMs = 1000 * [...rest.matchAll(/d([\d.]+)/g)].reduce((sum, [, seconds]) => sum + Number(seconds), 0);
  }
  return pipe;
};

const serveFile = async (root, url, response, substitute) => {
  const place = path.join(root, path.normalize(decodeURIComponent(url.pathname)));
  if (!place.startsWith(root)) throw new Error("outside of the suite");
  let body = await readFile(place);
  if (place.includes(".sub.")) body = Buffer.from(substitute(body.toString(), url));
  const headers = await headersBeside(place);
  if (!headers.some(([name]) => name.toLowerCase() === "content-type")) headers.push(["Content-Type", types[path.extname(place).slice(1)] ?? "application/octet-stream"]);
  const pipe = pipeOf(url);
  const kept = headers.filter(([name]) => !pipe.headers.some(([other]) => other.toLowerCase() === name.toLowerCase()));
  if (pipe.delayMs > 0) await new Promise((resolve) => setTimeout(resolve, pipe.delayMs));
  response.writeHead(pipe.status, [...kept, ...pipe.headers].flat());
  response.end(body);
};

const servers = new Map();

const start = (root) =>
  new Promise((resolve) => {
    let substitute;
    const server = createServer(async (request, response) => {
      const url = new URL(request.url, "http://127.0.0.1");
      try {
        const handler = handlers[path.posix.basename(url.pathname)];
        if (handler !== undefined) await handler({ request, response, url });
        else await serveFile(root, url, response, substitute);
      } catch (error) {
        if (!response.headersSent) response.writeHead(error.code === "ENOENT" ? 404 : 500);
        response.end();
      }
    });
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      substitute = substitutions(port);
      server.unref();
      resolve({ url: `http://127.0.0.1:${port}`, port, substitute });
    });
  });

/** {url, substitute(text, url)}: one server for each suite, for as long as this process lives. */
export const startSuiteServer = (root) => {
  if (!servers.has(root)) servers.set(root, start(root));
  return servers.get(root);
};
