// What the suite's python handlers answer that its fetch tests call, by the name of their file. Each is a function of
// {request, response, url}.

const bodyOf = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const get = (url, name, otherwise = null) => url.searchParams.get(name) ?? otherwise;

/* The suite's "stash": a value is put under a key by one request and taken by another. */
const stash = new Map();
const take = (key) => {
  const value = stash.get(key) ?? null;
  stash.delete(key);
  return value;
};

const answer = (response, text, { status = 200, type = "text/plain", headers = {} } = {}) => {
  response.writeHead(status, { "Content-Type": type, ...headers });
  response.end(text);
};

const cors = (request, url) => {
  const headers = { "Access-Control-Allow-Origin": request.headers.origin ?? "*", "Access-Control-Allow-Credentials": "true" };
  if (url.searchParams.has("allow_headers")) headers["Access-Control-Allow-Headers"] = get(url, "allow_headers");
  return headers;
};

const echo = async ({ request, response }) => {
  const body = await bodyOf(request);
  answer(response, body, {
    headers: {
      "X-Request-Method": request.method,
      "X-Request-Content-Length": request.headers["content-length"] ?? "NO",
      "X-Request-Content-Type": request.headers["content-type"] ?? "NO",
    },
  });
};

export const handlers = {
  "echo-content.py": echo,
  "method.py": echo,

  /** Each asked header of the request as `x-request-NAME`. */
  "inspect-headers.py": ({ request, response, url }) => {
    const headers = url.searchParams.has("cors") ? cors(request, url) : {};
    const asked = (get(url, "headers", "")).split("|").filter((name) => name !== "");
    for (const name of asked) {
      const value = request.headers[name.toLowerCase()];
      if (value !== undefined) headers[`x-request-${name}`] = value;
    }
    headers["Access-Control-Expose-Headers"] = asked.map((name) => `x-request-${name}`).join(", ");
    answer(response, "", { headers });
  },
  "echo-headers.py": ({ request, response }) => answer(response, JSON.stringify(request.headers)),
  "dump-authorization-header.py": ({ request, response, url }) =>
    answer(response, request.headers.authorization ?? "none", { type: "text/html", headers: cors(request, url) }),
  "authentication.py": ({ request, response, url }) => {
    const given = Buffer.from((request.headers.authorization ?? "").replace(/^Basic /, ""), "base64").toString();
    if (given === "user:password") return answer(response, "Authentication done");
    const realm = get(url, "realm", "test");
    return answer(response, "Please login with credentials 'user' and 'password'", { status: 401, headers: { "WWW-Authenticate": `Basic realm="${realm}"` } });
  },
  "status.py": ({ request, response, url }) => {
    response.writeHead(Number(get(url, "code", "200")), get(url, "text", "OMG"), { "Content-Type": get(url, "type", ""), "X-Request-Method": request.method });
    response.end(get(url, "content", ""));
  },
  "redirect.py": async ({ request, response, url }) => {
    const status = Number(get(url, "redirect_status", "302"));
    const count = Number(get(url, "count", "0"));
    const headers = { "Cache-Control": "no-cache", Pragma: "no-cache", ...cors(request, url) };
    const token = get(url, "token");
    if (token !== null) stash.set(token, (stash.get(token) ?? 0) + 1);
    let location = get(url, "location");
    if (count > 1) {
      const next = new URLSearchParams(url.searchParams);
      next.set("count", `${count - 1}`);
      location = `${url.pathname}?${next}`;
    }
    if (get(url, "delay") !== null) await pause(Number(get(url, "delay")));
    response.writeHead(status, location === null ? headers : { ...headers, Location: location });
    response.end("TEST");
  },
  "redirect-empty-location.py": ({ response, url }) => {
    response.writeHead(302, { Location: "" });
    response.end();
  },

  "stash-put.py": ({ request, response, url }) => {
    stash.set(get(url, "key"), get(url, "value"));
    answer(response, "done", { headers: cors(request, url) });
  },
  "stash-take.py": ({ request, response, url }) =>
    answer(response, JSON.stringify(take(get(url, "key"))), { type: "application/json", headers: cors(request, url) }),
  "clean-stash.py": ({ response, url }) => {
    const had = take(get(url, "token")) !== null;
    answer(response, had ? "1" : "0");
  },

  /** Bytes that come one after another. */
  "trickle.py": async ({ response, url }) => {
    const ms = Number(get(url, "ms", "500"));
    const count = Number(get(url, "count", "50"));
    await pause(ms);
    response.writeHead(200, url.searchParams.has("notype") ? {} : { "Content-Type": "text/plain" });
    for (let i = 0; i < count && !response.destroyed; i++) {
      response.write("TEST_TRICKLE\n");
      await pause(ms);
    }
    response.end();
  },
  /** Without an end, until it is cancelled or told to stop; the stash says which. */
  "infinite-slow-response.py": async ({ response, url }) => {
    const [state, abort] = [get(url, "stateKey"), get(url, "abortKey")];
    if (state !== null) stash.set(state, "open");
    response.writeHead(200, { "Content-Type": "text/plain" });
    response.write(".".repeat(2048));
    while (!response.destroyed && !(abort !== null && take(abort) !== null)) {
      response.write(".");
      await pause(10);
    }
    response.end();
    if (state !== null) stash.set(state, "closed");
  },
  "bad-chunk-encoding.py": ({ response, url }) => {
    response.writeHead(200, { "Transfer-Encoding": "chunked" });
    response.flushHeaders();
    for (let i = 0; i < Number(get(url, "count", "50")); i++) response.socket.write("a\r\nTEST_CHUNK\r\n");
    response.socket.end("garbage");
  },
  "slow.py": async ({ response, url }) => {
    await pause(Number(get(url, "delay", "2000")));
    answer(response, "", { type: "text/javascript" });
  },
  "echo.py": async ({ request, response }) => answer(response, await bodyOf(request), { type: request.headers["content-type"] ?? "text/plain" }),
};
