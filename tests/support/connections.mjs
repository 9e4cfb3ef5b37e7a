// Connections of a server under test.
import { callServer, deployFlows, tokenOf, until } from "./tenon.mjs";
import { Browser } from "./providers.mjs";

/** The args of a server that may reach the providers of a test. */
export const loopback = ["--allow-private", "127.0.0.1/32"];

export const callbackOf = (server) => `${server.url}/oauth2/callback`;

/** Deploys flows beside connections: {name: type}. */
export const deployWith = (server, connections, flows) => {
  const vars = Object.entries(connections).map(([key, type]) => `  - { key: ${JSON.stringify(key)}, dataType: connection, connection: ${type} }\n`);
  return deployFlows(server, flows, { extra: `requiredConfigVars:\n${vars.join("")}` });
};

/** `tenon connections set`, with the fields on standard input. */
export const set = (server, name, document) =>
  callServer(server, ["connections", "set", name, "--file", "-"], { input: JSON.stringify(document) });

export const show = (server, name) => callServer(server, ["connections", "show", name]);

/** The connection once it has one of these states. */
export const statusOf = (server, name, ...statuses) =>
  until(async () => {
    const response = await api(server, "GET", name);
    const connection = await response.json();
    return statuses.includes(connection.status) ? connection : undefined;
  });

/** A call of the connection's API. */
export const api = async (server, method, name, { verb = "", body, instance = "default" } = {}) =>
  fetch(`${server.url}/api/v1/instances/${encodeURIComponent(instance)}/connections/${encodeURIComponent(name)}${verb}`, {
    method,
    headers: { authorization: `Bearer ${await tokenOf(server)}`, "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });

/** A link to authorize. */
export const linkOf = async (server, name) => (await callServer(server, ["connections", "authorize", name, "--no-wait"])).url;

/** Authorizes at oidc-provider as a person would: {status, text, back} of the page that it ends on. */
export const authorize = async (server, name, browser = new Browser()) => {
  const back = await browser.agree(await linkOf(server, name), (url) => url.startsWith(callbackOf(server)));
  const page = await browser.go(back);
  return { status: page.response.status, headers: page.response.headers, text: page.text, back };
};

/** Fields of an authorization code connection to oidc-provider. */
export const oidcFields = (provider, more = {}) => ({
  authorizeUrl: `${provider.url}/auth?prompt=consent`,
  tokenUrl: `${provider.url}/token`,
  scopes: "openid offline_access read",
  clientId: provider.client.client_id,
  clientSecret: provider.client.client_secret,
  ...more,
});

