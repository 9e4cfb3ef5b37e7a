// OAuth 2.0 providers on loopback, and a browser for them: oidc-provider (certified), and one that answers whatever a
// test wants.
import { createServer } from "node:http";
import { createHash, randomBytes } from "node:crypto";
import Provider from "oidc-provider";

const listen = (server) =>
  new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(`http://127.0.0.1:${server.address().port}`)));

const close = (server) =>
  new Promise((resolve) => {
    server.closeAllConnections();
    server.close(resolve);
  });

const readForm = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return new URLSearchParams(Buffer.concat(chunks).toString());
};

/**
 * oidc-provider with one client; `use` gets {url, requests, client, provider, stop()}. `requests` are the bodies of token
 * requests. Its accounts are whatever is typed into its log-in form.
 */
export const startOidcProvider = async ({ redirectUri, accessTokenSeconds = 600, authMethod = "client_secret_basic", ...more }) => {
  const client = {
    client_id: "tenon: test",
    client_secret: `s+${randomBytes(16).toString("base64url")}/%`,
    redirect_uris: [redirectUri],
    grant_types: ["authorization_code", "refresh_token", "client_credentials"],
    response_types: ["code"],
    token_endpoint_auth_method: authMethod,
  };
  const requests = [];
  let handle = (request, response) => response.writeHead(503).end();
  const server = createServer((request, response) => handle(request, response));
  const url = await listen(server);
  const warn = console.warn;
  console.warn = () => {}; // it warns of quick start settings, which a test wants
  const provider = new Provider(url, {
    clients: [client],
    scopes: ["openid", "offline_access", "read", "write"],
    cookies: { keys: ["test"] },
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      revocation: { enabled: true },
      introspection: { enabled: true },
    },
    pkce: { required: () => true },
    issueRefreshToken: async () => true,
    rotateRefreshToken: true,
    ttl: { AccessToken: accessTokenSeconds, ClientCredentials: accessTokenSeconds, RefreshToken: 86400, Grant: 86400, Session: 86400, Interaction: 600, IdToken: 600 },
    ...more,
  });
  console.warn = warn;
  const callback = provider.callback();
  handle = (request, response) => {
    if (request.method === "POST" && request.url.startsWith("/token")) {
      // Counted as it comes; the provider reads the body itself.
      const chunks = [];
      request.on("data", (chunk) => chunks.push(chunk));
      request.on("end", () => requests.push(new URLSearchParams(Buffer.concat(chunks).toString())));
    }
    callback(request, response);
  };
  return { url, client, provider, requests, stop: () => close(server) };
};

/** A provider that answers token requests as `answer({form, headers, n})` says: {status, headers, body, delayMs}. */
export const startScriptedProvider = async (answer) => {
  const requests = [];
  const state = { inFlight: 0, mostInFlight: 0, answer };
  const server = createServer(async (request, response) => {
    const form = await readForm(request);
    const url = new URL(request.url, "http://provider");
    if (url.pathname === "/authorize") {
      const back = new URL(url.searchParams.get("redirect_uri"));
      back.searchParams.set("code", "c0de");
      back.searchParams.set("state", url.searchParams.get("state"));
      for (const [name, value] of Object.entries(state.callback ?? {})) back.searchParams.set(name, value);
      response.writeHead(302, { location: back.href }).end();
      return;
    }
    requests.push({ path: url.pathname, form, headers: request.headers });
    state.inFlight += 1;
    state.mostInFlight = Math.max(state.mostInFlight, state.inFlight);
    const { status = 200, headers = { "content-type": "application/json" }, body, delayMs = 0 } = await state.answer({
      form,
      headers: request.headers,
      path: url.pathname,
      n: requests.length,
    });
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
    state.inFlight -= 1;
    response.writeHead(status, headers);
    response.end(typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body ?? {}));
  });
  const url = await listen(server);
  return { url, requests, state, stop: () => close(server) };
};

/** An HTTP client with cookies, that follows no redirect by itself. */
export class Browser {
  #cookies = new Map(); // host -> [{name, value, path}]

  async request(url, { form, method } = {}) {
    const at = new URL(url);
    const cookies = (this.#cookies.get(at.host) ?? []).filter(({ path }) => at.pathname.startsWith(path));
    const response = await fetch(url, {
      method: method ?? (form === undefined ? "GET" : "POST"),
      redirect: "manual",
      headers: { cookie: cookies.map(({ name, value }) => `${name}=${value}`).join("; ") },
      body: form === undefined ? undefined : new URLSearchParams(form),
    });
    for (const line of response.headers.getSetCookie()) this.#keep(at.host, line);
    return response;
  }

  #keep(host, line) {
    const [pair, ...attributes] = line.split("; ");
    const [name, value] = [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)];
    const path = attributes.find((text) => text.toLowerCase().startsWith("path="))?.slice(5) ?? "/";
    const kept = (this.#cookies.get(host) ?? []).filter((cookie) => cookie.name !== name || cookie.path !== path);
    const isOver = attributes.some((text) => /^max-age=0$|^expires=thu, 01 jan 1970/i.test(text));
    this.#cookies.set(host, isOver ? kept : [...kept, { name, value, path }]);
  }

  /** Follows redirects until a page, or until a URL that `stopsAt` likes: {url, response, text}. */
  async go(url, { stopsAt = () => false } = {}) {
    for (let hop = 0; hop < 20; hop++) {
      if (stopsAt(url)) return { url };
      const response = await this.request(url);
      const location = response.headers.get("location");
      if (location === null) return { url, response, text: await response.text() };
      await response.arrayBuffer();
      url = new URL(location, url).href;
    }
    throw new Error("too many redirects");
  }

  /** Logs in and agrees at oidc-provider; gives where it sends the browser back to, without going there. */
  async agree(url, isBack) {
    let page = await this.go(url, { stopsAt: isBack });
    for (let step = 0; step < 5 && page.response !== undefined; step++) {
      const action = /<form[^>]*action="([^"]+)"/.exec(page.text)?.[1];
      if (action === undefined) throw new Error(`no form: ${page.text.slice(0, 500)}`);
      const form = { login: "ada", password: "x" };
      for (const [, name, value] of page.text.matchAll(/<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"/g)) form[name] = value;
      const response = await this.request(new URL(action, page.url).href, { form });
      page = await this.go(new URL(response.headers.get("location"), page.url).href, { stopsAt: isBack });
    }
    return page.url;
  }
}

/** base64url of SHA-256, as PKCE's S256 wants it. */
export const s256 = (verifier) => createHash("sha256").update(verifier).digest("base64url");
