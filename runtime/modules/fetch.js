// fetch: the requests themselves are made by egress (src/runtime/fetch.c).
const { Headers, flatten, fromFlat } = require("headers");
const { Source, Body } = require("body");
const { Request, isRequest, urlOf, requestBody, fromNetwork, nullBodyStatuses } = require("request-response");
const { need } = require("idl");
const { onAbort } = require("abort");
const { URL } = require("whatwg-url");

/* As in src/egress/egress.h. */
const windowBytes = 256 << 10;
const chunkBytes = 64 << 10;

const modes = { follow: 0, error: 1, manual: 2 };
const syscalls = { ENOTFOUND: "getaddrinfo", EAI_AGAIN: "getaddrinfo" };
const names = {
  UND_ERR_CONNECT_TIMEOUT: "ConnectTimeoutError",
  UND_ERR_HEADERS_TIMEOUT: "HeadersTimeoutError",
  UND_ERR_BODY_TIMEOUT: "BodyTimeoutError",
  UND_ERR_SOCKET: "SocketError",
  UND_ERR_HEADERS_OVERFLOW: "HeadersOverflowError",
  UND_ERR_RES_EXCEEDED_MAX_SIZE: "ResponseExceededMaxSizeError",
  UND_ERR_INVALID_ARG: "InvalidArgumentError",
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: "RequestContentLengthMismatchError",
};

/** Node's error for what went wrong below. */
const causeOf = (code, message, host, port) => {
  const cause = new Error(message);
  const set = (key, value) => Object.defineProperty(cause, key, { value, writable: true, enumerable: true, configurable: true });
  if (names[code] !== undefined) Object.defineProperty(cause, "name", { value: names[code], writable: true, configurable: true });
  const connect = /^connect [A-Z]+ \[?([^\]\s]+?)\]?:(\d+)$/.exec(message);
  const syscall = syscalls[code] ?? /^(connect|read|write) [A-Z]+/.exec(message)?.[1];
  if (code !== "UND_ERR_REDIRECT") set("code", code);
  if (syscall !== undefined) set("syscall", syscall);
  if (connect !== null) set("address", connect[1]);
  if (syscall === "getaddrinfo") set("hostname", host);
  else if (host !== "") set("host", host);
  if (port > 0) set("port", port);
  return cause;
};

const addDefaults = (headers) => {
  for (const [name, value] of [
    ["accept", "*/*"],
    ["accept-language", "*"],
    ["sec-fetch-mode", "cors"],
    ["user-agent", `tenon/${native.version}`],
  ])
    if (!headers.has(name)) headers.append(name, value);
};

/** Sends a stream as a request's body, no faster than egress takes it. */
class BodyWriter {
  #credit = windowBytes;
  #wake;
  credit = (bytes) => {
    this.#credit += bytes;
    this.#wake?.();
  };
  async run(id, stream, isOver) {
    const reader = stream.getReader();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      if (Object.prototype.toString.call(value) !== "[object Uint8Array]") throw new TypeError("Received non-Uint8Array chunk");
      for (let at = 0; at < value.length; at += chunkBytes) {
        const chunk = value.subarray(at, at + chunkBytes);
        while (this.#credit < chunk.length && !isOver()) await new Promise((resolve) => (this.#wake = resolve));
        if (isOver()) {
          reader.cancel().catch(() => {});
          return;
        }
        this.#credit -= chunk.length;
        native.fetchWrite(id, chunk);
      }
    }
    native.fetchShut(id);
  }
}

/** One turn with egress: resolves with the response's head, whose body fills by itself. */
const start = (request, body, url) =>
  new Promise((resolve, reject) => {
    const isStream = body !== null && body.bytes === undefined;
    const headers = new Headers(request.headers);
    addDefaults(headers);
    let source = null;
    let isOver = false;
    const { signal } = request;

    const finish = () => {
      isOver = true;
      forget();
    };
    const fail = (error) => {
      finish();
      if (source === null) reject(error);
      else source.fail(error);
    };
    const head = (status, statusText, finalUrl, isRedirected, flat) => {
      const hasBody = request.method !== "HEAD" && !nullBodyStatuses.includes(status);
      source = new Source(cancel, (isHeld) => native.fetchHold(id, isHeld));
      resolve(
        fromNetwork({
          status,
          statusText,
          url: isRedirected ? new URL(finalUrl).href : url,
          isRedirected,
          headers: fromFlat(flat),
          body: hasBody ? new Body({ source }) : null,
        }),
      );
    };
    const events = {
      head,
      data: (chunk) => source.push(chunk),
      end() {
        finish();
        source.end();
      },
      failed(code, message, host, port) {
        const cause = causeOf(code, message, host, port);
        fail(new TypeError(source === null ? "fetch failed" : "terminated", { cause }));
      },
    };
    const cancel = () => {
      if (isOver) return;
      finish();
      native.fetchCancel(id);
    };
    const forget = onAbort(signal, () => {
      if (isOver) return;
      native.fetchCancel(id);
      fail(signal.reason);
    });
    const writer = isStream ? new BodyWriter() : undefined;
    const id = native.fetchStart(
      request.method, url, flatten(headers), modes[request.redirect], isStream || body === null ? null : body.bytes,
      events.head, events.data, events.end, events.failed, writer?.credit, false,
    );
    writer?.run(id, body.toStream(), () => isOver).catch((error) => {
      if (isOver) return;
      native.fetchCancel(id);
      fail(error);
    });
  });

const network = (message) => new TypeError("fetch failed", { cause: new Error(message) });

/** data: URLs (Fetch standard, "data: URL processor"). */
const fetchData = (url) => {
  const text = url.href.slice(5, url.hash === "" ? undefined : -url.hash.length);
  const comma = text.indexOf(",");
  if (comma < 0) throw network("invalid data: URL");
  let type = text.slice(0, comma).trim();
  let data = text.slice(comma + 1).replace(/%([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
  const isBase64 = /;\s*base64$/i.test(type);
  if (isBase64) {
    data = native.atob(data);
    if (data === undefined) throw network("invalid base64 in a data: URL");
    type = type.replace(/;\s*base64$/i, "");
  }
  if (type.startsWith(";")) type = `text/plain${type}`;
  if (type === "") type = "text/plain;charset=US-ASCII";
  const bytes = isBase64 ? Uint8Array.from(data, (c) => c.charCodeAt(0)) : Uint8Array.from([...data].flatMap((c) => (c.charCodeAt(0) < 256 ? [c.charCodeAt(0)] : [...native.utf8Encode(c)])));
  return fromNetwork({ status: 200, statusText: "OK", url: url.href, isRedirected: false, headers: fromFlat(["content-type", type]), body: new Body({ bytes }) });
};

/** blob: URLs (Fetch standard, "scheme fetch"); a range of the bytes is answered as a server would. */
const fetchBlob = (request, url) => {
  if (request.method !== "GET") throw network("invalid method");
  const blob = require("blob-urls").heldBy(urlOf(request));
  if (blob === undefined) throw network("invalid blob: URL");
  const all = require("blob").blobBytes(blob);
  const type = blob.type === "" ? [] : ["content-type", blob.type];
  const answer = (status, statusText, bytes, more) =>
    fromNetwork({ status, statusText, url: url.href, isRedirected: false, headers: fromFlat(["content-length", `${bytes.length}`, ...type, ...more]), body: new Body({ bytes }) });
  const range = request.headers.get("range");
  if (range === null) return answer(200, "OK", all.slice(), []);
  const [, first, last] = /^bytes=[\t ]*(\d*)[\t ]*-[\t ]*(\d*)$/.exec(range) ?? [];
  if (first === undefined || (first === "" && last === "")) throw network("invalid range");
  const from = first === "" ? Math.max(0, all.length - Number(last)) : Number(first);
  const to = first === "" || last === "" ? all.length - 1 : Math.min(Number(last), all.length - 1);
  if (from > to) throw network("invalid range");
  return answer(206, "Partial Content", all.slice(from, to + 1), ["content-range", `bytes ${from}-${to}/${all.length}`]);
};

/** Subresource integrity: the strongest algorithm named must match. */
const strengths = ["sha256", "sha384", "sha512"];
const checkIntegrity = async (response, integrity) => {
  const wanted = integrity
    .split(/\s+/)
    .map((item) => /^(sha256|sha384|sha512)-([A-Za-z0-9+/_-]+={0,2})(?:\?.*)?$/.exec(item))
    .filter((match) => match !== null);
  if (wanted.length === 0) return response;
  const strongest = Math.max(...wanted.map((match) => strengths.indexOf(match[1])));
  const bytes = await response.clone().bytes();
  const digest = require("base64").btoa(require("idl").latin1(native.digest(strengths[strongest], bytes)));
  const isMatch = wanted.some(([, name, value]) => name === strengths[strongest] && value.replaceAll("-", "+").replaceAll("_", "/") === digest);
  if (!isMatch) throw network("integrity mismatch");
  return response;
};

async function fetch(input, init = undefined) {
  need(1, arguments.length, "fetch");
  const request = isRequest(input) && init === undefined ? input : new Request(input, init);
  const { signal } = request;
  signal.throwIfAborted();

  const url = new URL(request.url);
  const body = requestBody(request);
  if (url.protocol === "data:") return fetchData(url);
  if (url.protocol === "blob:") return fetchBlob(request, url);
  if (url.protocol !== "http:" && url.protocol !== "https:")
    throw network(url.protocol === "about:" ? "about scheme is not supported" : "unknown scheme");
  if (body !== null && (body.isUsed || body.isLocked)) throw new TypeError("Cannot construct a Request with a Request object that has already been used.");
  if (body?.source !== undefined && body.stream === undefined) body.toStream();
  body?.take();

  url.hash = "";
  const response = await start(request, body, url.href);
  return request.integrity === "" ? response : checkIntegrity(response, request.integrity);
}

module.exports = { fetch };
