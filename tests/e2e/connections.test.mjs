// Connections through the real program: set by the command line, authorized at real providers through egress.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { OAuth2Server } from "oauth2-mock-server";
import { api, authorize, callbackOf, deployWith, linkOf, loopback, oidcFields, set, show, statusOf } from "../support/connections.mjs";
import { Browser, startOidcProvider, startScriptedProvider } from "../support/providers.mjs";
import { callServer, runTenon, startServer, tokenOf, until, withFolder } from "../support/tenon.mjs";

/** A server that may reach loopback, with these connections and flows; `use` gets it and the flows' URLs. */
const withConnections = (connections, flows, use) =>
  withFolder(async (data) => {
    const server = await startServer(data, loopback);
    try {
      await use(server, await deployWith(server, connections, flows));
    } finally {
      await server.stop();
    }
  });

const nothing = { Flow: { steps: [`module.exports = async () => ({ data: null });`] } };

const cli = async (server, args, options = {}) =>
  runTenon(["connections", ...args], { ...options, env: { TENON_SERVER: server.url, TENON_TOKEN: await tokenOf(server) } });

/** Uses the token of "Acme" at `url` and answers with the status. */
const useToken = (url) => ({
  Use: {
    isSynchronous: true,
    steps: [
      `module.exports = async ({ configVars }) => {
  const response = await fetch(${JSON.stringify(url)}, { headers: { authorization: "Bearer " + configVars.Acme.token.access_token } });
  return { data: { status: response.status, key: configVars.Acme.key } };
};`,
    ],
  },
});

describe("setting a connection", () => {
  test("nothing gives back a secret that was set, by argument, by file or by standard input", () =>
    withConnections({ Acme: "basic", Key: "apiKey" }, nothing, async (server) => {
      const file = path.join(server.data, "key.txt");
      await writeFile(file, "planted-secret-3\n");
      const runs = [
        await cli(server, ["set", "Acme", "username=ada", "password=planted-secret-1"]),
        await cli(server, ["set", "Key", `apiKey=@${file}`]),
        await cli(server, ["set", "Acme", "--file", "-"], { input: "password: planted-secret-2\n" }),
        await cli(server, ["show", "Acme", "--json"]),
        await cli(server, ["list"]),
      ];
      for (const { code, stdout, stderr } of runs) {
        assert.equal(code, 0, stderr);
        assert.doesNotMatch(stdout + stderr, /planted-secret/);
      }
      const { fields, status } = JSON.parse(runs[3].stdout);
      assert.equal(status, "active");
      assert.equal(fields.username.value, "ada");
      assert.equal(fields.password.isSet, true);
      assert.match(fields.password.fingerprint, /^[0-9a-f]{12}$/);
    }));

  test("code gets the fields, and an empty value removes one", () =>
    withConnections(
      { Acme: "basic" },
      { Flow: { isSynchronous: true, steps: [`module.exports = async ({ configVars }) => ({ data: { user: configVars.Acme.fields.username, length: configVars.Acme.fields.password.length, key: configVars.Acme.key } });`] } },
      async (server, urls) => {
        await set(server, "Acme", { username: "ada", password: "0123456789" });
        const answer = await (await fetch(urls.Flow, { method: "POST" })).json();
        assert.deepEqual(answer, { user: "ada", length: 10, key: "basic" });
        const { code, stdout } = await cli(server, ["set", "Acme", "password=", "--json"]);
        assert.equal(code, 0);
        assert.equal(JSON.parse(stdout).status, "unset");
      },
    ));

  test("what is wrong with the fields is said at once, and exits 2", () =>
    withConnections({ Acme: "clientCredentials", Box: "privateKey" }, nothing, async (server) => {
      const bad = await cli(server, ["set", "Acme", "tokenUrl=http://example.com/t", "clientIdd=x", "clientAuth=loud"]);
      assert.equal(bad.code, 2);
      assert.match(bad.stderr, /must begin with https/);
      assert.match(bad.stderr, /did you mean "clientId"/);
      assert.match(bad.stderr, /must be one of auto, basic/);
      const key = await cli(server, ["set", "Box", "username=u", "privateKey=nonsense"]);
      assert.equal(key.code, 2);
      assert.match(key.stderr, /PEM or OpenSSH/);
    }));

  test("the API takes no field in the clear, and no JWE of another place", () =>
    withConnections({ Acme: "apiKey" }, nothing, async (server) => {
      const clear = await api(server, "PUT", "Acme", { body: { fields: { apiKey: "x" } } });
      assert.equal(clear.status, 422);
      assert.match((await clear.json()).detail, /sealed/);
      const garbage = await api(server, "PUT", "Acme", { body: { jwe: "a.b.c.d.e" } });
      assert.equal(garbage.status, 422);
      assert.equal((await api(server, "GET", "Nothing")).status, 404);
      assert.equal((await api(server, "GET", "Acme", { instance: "none" })).status, 404);
      const types = await fetch(`${server.url}/api/v1/connection-types`, { headers: { authorization: `Bearer ${await tokenOf(server)}` } });
      assert.deepEqual((await types.json()).types.map(({ key }) => key), ["apiKey", "apiKeySecret", "basic", "authorizationCode", "clientCredentials", "privateKey"]);
    }));
});

describe("the authorization code grant at oidc-provider", () => {
  test("a person authorizes, code uses the token, and the page says that it worked", () =>
    withFolder(async (data) => {
      const server = await startServer(data, loopback);
      const provider = await startOidcProvider({ redirectUri: callbackOf(server) });
      try {
        const urls = await deployWith(server, { Acme: "authorizationCode" }, useToken(`${provider.url}/me`));
        await set(server, "Acme", oidcFields(provider));
        assert.equal((await show(server, "Acme")).status, "pending");
        const page = await authorize(server, "Acme");
        assert.equal(page.status, 200, page.text);
        assert.match(page.text, /Connected/);
        assert.match(page.headers.get("content-security-policy"), /default-src 'none'/);
        assert.equal(page.headers.get("referrer-policy"), "no-referrer");
        assert.equal(page.headers.get("x-content-type-options"), "nosniff");
        assert.doesNotMatch(page.text, /https?:\/\//);
        const { status, token } = await show(server, "Acme");
        assert.equal(status, "active");
        assert.equal(token.hasRefreshToken, true);
        assert.ok(Date.parse(token.expiresAt) > Date.now());
        const answer = await (await fetch(urls.Use, { method: "POST" })).json();
        assert.deepEqual(answer, { status: 200, key: "authorizationCode" });
      } finally {
        await provider.stop();
        await server.stop();
      }
    }));

  describe("what must not work", () => {
    let server, provider, folder;
    before(async () => {
      folder = withFolder(async (data) => {
        server = await startServer(data, loopback);
        provider = await startOidcProvider({ redirectUri: callbackOf(server), pkce: { required: () => false } });
        await deployWith(server, { Acme: "authorizationCode" }, nothing);
        await set(server, "Acme", oidcFields(provider));
        await new Promise((resolve) => {
          server.finish = resolve;
        });
        await provider.stop();
        await server.stop();
      });
      await until(() => provider !== undefined && server.finish !== undefined);
    });
    after(async () => {
      server.finish();
      await folder;
    });

    const isBack = (url) => url.startsWith(callbackOf(server));
    const refused = async (browser, url, words) => {
      const { response, text } = await browser.go(url);
      assert.equal(response.status, 400, text);
      assert.match(text, words);
    };

    test("a link is good once", async () => {
      const link = await linkOf(server, "Acme");
      assert.equal((await fetch(link, { method: "HEAD" })).status, 200); // a mail program looks at it first
      assert.equal((await new Browser().request(link)).status, 303);
      const again = await new Browser().go(link);
      assert.equal(again.response.status, 410);
    });

    test("a callback that is replayed is refused", async () => {
      const browser = new Browser();
      const back = await browser.agree(await linkOf(server, "Acme"), isBack);
      assert.equal((await browser.go(back)).response.status, 200);
      await refused(browser, back, /used already/);
    });

    test("another browser can't finish it", async () => {
      const browser = new Browser();
      const back = await browser.agree(await linkOf(server, "Acme"), isBack);
      await refused(new Browser(), back, /did not begin/);
      await refused(browser, back, /used already/); // a state that was tried is used up
    });

    test("a state that nobody was given is refused", () =>
      refused(new Browser(), `${callbackOf(server)}?state=${"A".repeat(43)}&code=x`, /not known/));

    test("a code that was used is refused by the provider, which the page says", async () => {
      const first = new Browser(), second = new Browser();
      const used = await first.agree(await linkOf(server, "Acme"), isBack);
      assert.equal((await first.go(used)).response.status, 200);
      const back = new URL(await second.agree(await linkOf(server, "Acme"), isBack));
      back.searchParams.set("code", new URL(used).searchParams.get("code"));
      await refused(second, back.href, /invalid_grant/);
    });

    test("a challenge that was taken out on the way is noticed", async () => {
      const browser = new Browser();
      const start = await browser.request(await linkOf(server, "Acme"));
      const url = new URL(start.headers.get("location"));
      assert.equal(url.searchParams.get("code_challenge_method"), "S256");
      url.searchParams.delete("code_challenge");
      url.searchParams.delete("code_challenge_method");
      await refused(browser, await browser.agree(url.href, isBack), /gave no token/);
    });

    test("an answer that says it is of another provider is refused", async () => {
      const browser = new Browser();
      const back = new URL(await browser.agree(await linkOf(server, "Acme"), isBack));
      assert.equal(back.searchParams.get("iss"), provider.url);
      back.searchParams.set("iss", "http://127.0.0.1:1");
      await refused(browser, back.href, /another provider/);
    });

    test("what the provider refuses stands on the page, escaped", async () => {
      const browser = new Browser();
      const start = await browser.request(await linkOf(server, "Acme"));
      const state = new URL(start.headers.get("location")).searchParams.get("state");
      const back = new URL(callbackOf(server));
      back.searchParams.set("state", state);
      back.searchParams.set("error", "access_denied");
      back.searchParams.set("error_description", "<script>alert(1)</script>");
      const { response, text } = await browser.go(back.href);
      assert.equal(response.status, 400);
      assert.match(text, /said no/);
      assert.match(text, /&lt;script&gt;/);
      assert.doesNotMatch(text, /<script/);
    });
  });

  test("endpoints come from the issuer, and two providers are not mixed up", () =>
    withFolder(async (data) => {
      const server = await startServer(data, loopback);
      const honest = await startOidcProvider({ redirectUri: callbackOf(server), authMethod: "client_secret_post" });
      const other = await startScriptedProvider(() => ({ body: { access_token: "t" } }));
      try {
        await deployWith(server, { Acme: "authorizationCode", Other: "authorizationCode" }, nothing);
        const { clientId, clientSecret, scopes } = oidcFields(honest);
        await set(server, "Acme", { clientId, clientSecret, scopes, issuer: honest.url, authorizeParams: { prompt: "consent" } });
        const page = await authorize(server, "Acme");
        assert.equal(page.status, 200, page.text);
        await set(server, "Other", { authorizeUrl: `${other.url}/authorize`, tokenUrl: `${other.url}/token`, clientId: "i", clientSecret: "s3cret", issuer: other.url });
        other.state.callback = { iss: honest.url };
        const mixed = await new Browser().go(await linkOf(server, "Other"));
        assert.equal(mixed.response.status, 400);
        assert.match(mixed.text, /another provider/);
        assert.equal(other.requests.length, 0);
        other.state.callback = { iss: other.url };
        assert.equal((await new Browser().go(await linkOf(server, "Other"))).response.status, 200);
      } finally {
        await honest.stop();
        await other.stop();
        await server.stop();
      }
    }));

  test("200 executions that need a new token make one refresh request", { timeout: 120_000 }, () =>
    withFolder(async (data) => {
      const server = await startServer(data, loopback);
      let seconds = 3;
      const provider = await startOidcProvider({ redirectUri: callbackOf(server), accessTokenSeconds: () => seconds });
      try {
        const urls = await deployWith(server, { Acme: "authorizationCode" }, {
          Use: { isSynchronous: true, steps: [`module.exports = async ({ configVars }) => ({ data: { is: typeof configVars.Acme.token.access_token } });`] },
        });
        await set(server, "Acme", oidcFields(provider));
        assert.equal((await authorize(server, "Acme")).status, 200);
        seconds = 600;
        await new Promise((resolve) => setTimeout(resolve, 3200));
        const answers = await Promise.all(Array.from({ length: 200 }, async () => (await fetch(urls.Use, { method: "POST" })).json()));
        for (const answer of answers) assert.deepEqual(answer, { is: "string" });
        const refreshes = provider.requests.filter((form) => form.get("grant_type") === "refresh_token");
        assert.equal(refreshes.length, 1);
        assert.equal((await show(server, "Acme")).status, "active");
      } finally {
        await provider.stop();
        await server.stop();
      }
    }));
});

describe("tokens while executions run", () => {
  /** A provider whose token "t<n>" is only good until it has given the next one. */
  const rotating = (expiresIn) =>
    startScriptedProvider(({ path: place, headers, n, form }) => {
      if (place === "/resource") return { status: headers.authorization === `Bearer ${rotating.current}` ? 200 : 401 };
      rotating.current = `token-number-${n}`;
      return { body: { access_token: rotating.current, refresh_token: `refresh-number-${n}`, expires_in: expiresIn, was: form.get("refresh_token") ?? "" } };
    });

  const connect = async (server, provider) => {
    await set(server, "Acme", { authorizeUrl: `${provider.url}/authorize`, tokenUrl: `${provider.url}/token`, clientId: "i", clientSecret: "s3cret" });
    const page = await new Browser().go(await linkOf(server, "Acme"));
    assert.equal(page.response.status, 200, page.text);
  };

  const withRotating = (expiresIn, step, use) =>
    withFolder(async (data) => {
      const server = await startServer(data, loopback);
      const provider = await rotating(expiresIn);
      try {
        const urls = await deployWith(server, { Acme: "authorizationCode" }, {
          Use: { isSynchronous: true, steps: [step(`${provider.url}/resource`)] },
        });
        await connect(server, provider);
        await use(server, urls, provider);
      } finally {
        await provider.stop();
        await server.stop();
      }
    });

  test("code whose token expires on the way asks for a new one, and goes on", () =>
    withRotating(
      3,
      (url) => `module.exports = async ({ configVars, connections }) => {
  const call = async () => (await fetch(${JSON.stringify(url)}, { headers: { authorization: "Bearer " + configVars.Acme.token.access_token } })).status;
  const statuses = [await call()];
  await new Promise((resolve) => setTimeout(resolve, 3200));
  await connections.refresh("Acme");
  statuses.push(await call());
  return { data: { statuses } };
};`,
      async (server, urls, provider) => {
        const answer = await (await fetch(urls.Use, { method: "POST" })).json();
        assert.deepEqual(answer, { statuses: [200, 200] });
        const tokens = provider.requests.filter((request) => request.path === "/token");
        assert.equal(tokens.length, 2);
        assert.equal(tokens[1].form.get("refresh_token"), "refresh-number-1");
      },
    ));

  test("a token that requests are answered 401 with is renewed once, and the execution sees the new one", () =>
    withRotating(
      12,
      (url) => `module.exports = async ({ configVars }) => {
  const call = async (more = "") => (await fetch(${JSON.stringify(url)}, { headers: { authorization: "Bearer " + configVars.Acme.token.access_token + more } })).status;
  const before = configVars.Acme.token.access_token;
  const statuses = await Promise.all([1, 2, 3, 4, 5].map(() => call()));
  for (let i = 0; i < 100 && configVars.Acme.token.access_token === before; i++) await new Promise((resolve) => setTimeout(resolve, 50));
  return { data: { statuses: [...statuses, await call()] } };
};`,
      async (server, urls, provider) => {
        await new Promise((resolve) => setTimeout(resolve, 6200)); // a younger token is not renewed
        rotating.current = "withdrawn";
        const answer = await (await fetch(urls.Use, { method: "POST" })).json();
        assert.deepEqual(answer, { statuses: [401, 401, 401, 401, 401, 200] });
        const tokens = provider.requests.filter((request) => request.path === "/token");
        assert.equal(tokens.length, 2);
        assert.equal(tokens[1].form.get("refresh_token"), "refresh-number-1");
      },
    ));

  test("a provider that has withdrawn the authorization fails executions with what to do", () =>
    withRotating(
      3,
      () => `module.exports = async ({ configVars }) => ({ data: configVars.Acme.token.token_type ?? "none" });`,
      async (server, urls, provider) => {
        provider.state.answer = () => ({ status: 400, body: { error: "invalid_grant", error_description: "Token has been revoked." } });
        await new Promise((resolve) => setTimeout(resolve, 3200));
        const response = await fetch(urls.Use, { method: "POST" });
        assert.equal(response.status, 400);
        const { status, statusMessage } = await statusOf(server, "Acme", "failed");
        assert.equal(status, "failed");
        assert.match(statusMessage, /Token has been revoked/);
        const { executions } = await callServer(server, ["executions", "list"]);
        assert.match(executions[0].error.message, /must be authorized again/);
        assert.match(executions[0].error.message, /tenon connections authorize "Acme"/);
        assert.match(server.output(), /connection "Acme" of instance "default": no token can be had any more/);
      },
    ));

  test("tokens are revoked when the connection is deleted", () =>
    withRotating(
      600,
      () => `module.exports = async () => ({ data: null });`,
      async (server, urls, provider) => {
        await set(server, "Acme", { revokeUrl: `${provider.url}/revoke` });
        await callServer(server, ["connections", "delete", "Acme"]);
        const [revoked] = provider.requests.filter((request) => request.path === "/revoke");
        assert.equal(revoked.form.get("token"), "refresh-number-1");
        assert.equal((await show(server, "Acme")).status, "unset");
      },
    ));
});

describe("whatever a token endpoint answers", () => {
  let server, provider, folder;
  before(async () => {
    folder = withFolder(async (data) => {
      server = await startServer(data, loopback);
      provider = await startScriptedProvider(() => ({ body: {} }));
      await deployWith(server, { Acme: "clientCredentials" }, nothing);
      await new Promise((resolve) => {
        server.finish = resolve;
      });
      await provider.stop();
      await server.stop();
    });
    await until(() => server?.finish !== undefined);
  });
  after(async () => {
    server.finish();
    await folder;
  });

  let n = 0;
  /** Another client each time, so that nothing is left of the one before. */
  const connect = async (answer, more = {}) => {
    provider.state.answer = answer;
    provider.requests.length = 0;
    await set(server, "Acme", { tokenUrl: `${provider.url}/token`, clientId: `client ${++n}`, clientSecret: "hush-hush+/&", ...more });
    return statusOf(server, "Acme", "active", "error", "failed");
  };
  const html = { "content-type": "text/html" };
  const rows = [
    ["a token", () => ({ body: { access_token: "t", expires_in: 3600 } }), "active", null, true],
    ["a token slowly", () => ({ body: { access_token: "t", expires_in: 3600 }, delayMs: 1500 }), "active", null, true],
    ["a token of the wrong content type", () => ({ headers: html, body: { access_token: "t" } }), "active", null, false],
    ["a form", () => ({ headers: { "content-type": "application/x-www-form-urlencoded" }, body: "access_token=t&token_type=bearer" }), "active", null, false],
    ["expires_in as a text", () => ({ body: { access_token: "t", expires_in: "3600" } }), "active", null, true],
    ["an absurd expires_in", () => ({ body: { access_token: "t", expires_in: 1e18 } }), "active", null, false],
    ["a negative expires_in", () => ({ body: { access_token: "t", expires_in: -1 } }), "active", null, false],
    ["a web page", () => ({ headers: html, body: "<title>Log in</title>" }), "error", /a web page/],
    ["an empty answer", () => ({ body: "" }), "error", /an empty answer/],
    ["more than anybody wants to read", () => ({ body: Buffer.alloc(8 << 20, "x") }), "error", /more than 256 KiB|too large|limit/],
    ["a redirect", () => ({ status: 307, headers: { location: `${provider.url}/elsewhere` } }), "error", /a redirect/],
    ["503", () => ({ status: 503, headers: { "retry-after": "3600" } }), "error", /503/],
    ["invalid_client", () => ({ status: 401, body: { error: "invalid_client" } }), "failed", /client secret/],
    ["invalid_scope", () => ({ status: 400, body: { error: "invalid_scope", error_description: "no such scope" } }), "failed", /no such scope/],
    ["its own secret back", ({ headers }) => ({ status: 400, body: { error: "invalid_request", error_description: `you sent hush-hush+/& in ${Object.keys(headers)[0]}` } }), "failed", /redacted/],
  ];
  for (const [what, answer, status, words, expires] of rows)
    test(`${what}: ${status}`, async () => {
      const connection = await connect(answer);
      assert.equal(connection.status, status, connection.statusMessage);
      if (words !== null) assert.match(connection.statusMessage, words);
      if (status === "active") assert.equal(connection.token.expiresAt !== null, expires);
      assert.ok(provider.requests.every((request) => request.path === "/token"));
      assert.doesNotMatch(JSON.stringify(connection), /hush-hush/);
    });

  test("a provider that is not there: error", async () => {
    const gone = await startScriptedProvider(() => ({}));
    await gone.stop();
    const connection = await connect(() => ({}), { tokenUrl: `${gone.url}/token` });
    assert.equal(connection.status, "error");
    assert.match(connection.statusMessage, /could not be reached/);
  });

  test("the secret goes into the header, form-urlencoded, and into the body where that is refused", async () => {
    await connect(({ form }) => (form.has("client_secret") ? { body: { access_token: "t" } } : { status: 401, body: { error: "invalid_client" } }), { headers: { "X-Tenant": "7" } });
    const [basic, post] = provider.requests;
    const pair = Buffer.from(basic.headers.authorization.slice(6), "base64").toString();
    assert.equal(pair, `client+${n}:hush-hush%2B%2F%26`);
    assert.equal(post.form.get("client_secret"), "hush-hush+/&");
    assert.equal(post.headers.authorization, undefined);
    assert.equal(post.headers["x-tenant"], "7");
    assert.equal(post.form.get("grant_type"), "client_credentials");
  });
});

test("oauth2-mock-server gives a token to client credentials, and to a person's browser", () =>
  withFolder(async (data) => {
    const server = await startServer(data, loopback);
    const mock = new OAuth2Server();
    await mock.issuer.keys.generate("RS256");
    await mock.start(0, "127.0.0.1");
    const url = `http://127.0.0.1:${mock.address().port}`;
    const bodies = [];
    mock.service.on("beforeResponse", (response, request) => bodies.push({ ...request.body }));
    try {
      await deployWith(server, { Machine: "clientCredentials", Person: "authorizationCode" }, nothing);
      await set(server, "Machine", { tokenUrl: `${url}/token`, clientId: "i", clientSecret: "s3cret", scopes: "a b" });
      assert.equal((await statusOf(server, "Machine", "active", "failed", "error")).status, "active");
      assert.equal(bodies[0].grant_type, "client_credentials");
      assert.equal(bodies[0].scope, "a b");
      await set(server, "Person", { authorizeUrl: `${url}/authorize`, tokenUrl: `${url}/token`, clientId: "i", clientSecret: "s3cret", scopes: "openid" });
      const page = await new Browser().go(await linkOf(server, "Person"));
      assert.equal(page.response.status, 200, page.text);
      assert.equal(bodies[1].grant_type, "authorization_code");
      await callServer(server, ["connections", "refresh", "Person"]);
      assert.equal(bodies[2].grant_type, "refresh_token");
    } finally {
      await mock.stop();
      await server.stop();
    }
  }));
