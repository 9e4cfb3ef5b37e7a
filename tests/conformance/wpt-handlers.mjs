// The suite's python handlers that its fetch tests call, by the name of their file.

const bodyOf = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

export const handlers = {
  /** Says each asked header of the request as `x-request-NAME`. */
  "inspect-headers.py": ({ request, response, url }) => {
    const headers = {};
    for (const name of (url.searchParams.get("headers") ?? "").split("|"))
      if (name !== "" && request.headers[name.toLowerCase()] !== undefined) headers[`x-request-${name}`] = request.headers[name.toLowerCase()];
    response.writeHead(200, { "content-type": "text/plain", ...headers });
    response.end();
  },
  "echo-content.py": async ({ request, response }) => {
    const body = await bodyOf(request);
    response.writeHead(200, {
      "X-Request-Method": request.method,
      "X-Request-Content-Length": request.headers["content-length"] ?? "NO",
      "X-Request-Content-Type": request.headers["content-type"] ?? "NO",
      "Content-Type": "text/plain",
    });
    response.end(body);
  },
  "method.py": async ({ request, response }) => {
    const body = await bodyOf(request);
    response.writeHead(200, { "content-type": "text/plain", "x-request-method": request.method, "x-request-content-type": request.headers["content-type"] ?? "NO", "x-request-content-length": request.headers["content-length"] ?? "NO" });
    response.end(body);
  },
  "status.py": ({ response, url }) => {
    const code = Number(url.searchParams.get("code") ?? 200);
    response.writeHead(code, url.searchParams.get("text") ?? "OMG", { "content-type": url.searchParams.get("type") ?? "", "X-Request-Method": "" });
    response.end(url.searchParams.get("content") ?? "");
  },
  "redirect.py": ({ response, url }) => {
    const status = Number(url.searchParams.get("redirect_status") ?? 302);
    const count = Number(url.searchParams.get("count") ?? 0);
    let location = url.searchParams.get("location");
    if (count > 1) {
      const next = new URLSearchParams(url.searchParams);
      next.set("count", `${count - 1}`);
      location = `${url.pathname}?${next}`;
    }
    response.writeHead(status, { "Cache-Control": "no-cache", Pragma: "no-cache", ...(location === null ? {} : { Location: location }) });
    response.end("TEST");
  },
  /** Bytes that come one after another. */
  "trickle.py": async ({ response, url }) => {
    const ms = Number(url.searchParams.get("ms") ?? 500);
    const count = Number(url.searchParams.get("count") ?? 50);
    await new Promise((resolve) => setTimeout(resolve, ms));
    response.writeHead(200, url.searchParams.has("notype") ? {} : { "Content-Type": "text/plain" });
    for (let i = 0; i < count && !response.destroyed; i++) {
      response.write("TEST_TRICKLE\n");
      await new Promise((resolve) => setTimeout(resolve, ms));
    }
    response.end();
  },
  "infinite-slow-response.py": async ({ response }) => {
    response.writeHead(200, { "Content-Type": "text/plain" });
    while (!response.destroyed) {
      response.write(".");
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
  "bad-chunk-encoding.py": async ({ response, url }) => {
    response.writeHead(200, { "Transfer-Encoding": "chunked" });
    response.flushHeaders();
    for (let i = 0; i < Number(url.searchParams.get("count") ?? 50); i++) response.socket.write("a\r\nTEST_CHUNK\r\n");
    response.socket.end("garbage");
  },
};
