// One HTTP server that plays the services the packages talk to: enough of each to see that a client said the right
// thing, and to answer as the service does.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";

const bodyOf = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const json = (value, status = 200, headers = {}) => ({ status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(value) });
const xml = (body, status = 200, headers = {}) => ({ status, headers: { "content-type": "text/xml; charset=utf-8", ...headers }, body });
const notFound = (what) => json({ error: `no ${what}` }, 404);
const form = (body) => Object.fromEntries(new URLSearchParams(body.toString()));

/* What it was asked, as JSON; gzip where the client takes it. */
const echo = ({ method, url, headers, body }) => {
  const text = JSON.stringify({ method, path: url.pathname, query: Object.fromEntries(url.searchParams), headers, body: body.toString() });
  return (headers["accept-encoding"] ?? "").includes("gzip")
    ? { status: 200, headers: { "content-type": "application/json", "content-encoding": "gzip" }, body: gzipSync(text) }
    : { status: 200, headers: { "content-type": "application/json" }, body: text };
};

const tries = new Map();
const flaky = ({ url }) => {
  const key = url.searchParams.get("key");
  tries.set(key, (tries.get(key) ?? 0) + 1);
  return tries.get(key) < 3 ? json({ error: "busy" }, 503) : json({ tries: tries.get(key) });
};

const graphql = ({ headers, body }) => {
  const { query, variables } = JSON.parse(body);
  if (/broken/.test(query)) return json({ errors: [{ message: "no field broken" }] });
  return json({ data: { order: { id: variables.id, asked: /order\(id: ?\$id\)/.test(query), token: headers.authorization ?? null } } });
};

/* --- services --- */

const stripe = ({ method, url, headers, body }) => {
  if (headers.authorization !== "Bearer sk_test_1") return json({ error: { type: "invalid_request_error", message: "Invalid API Key provided" } }, 401);
  if (method === "POST" && url.pathname === "/v1/customers") return json({ id: "cus_1", object: "customer", ...form(body), version: headers["stripe-version"], key: headers["idempotency-key"] });
  if (method === "GET" && url.pathname === "/v1/customers") {
    const isFirst = !url.searchParams.has("starting_after");
    return json({ object: "list", url: "/v1/customers", has_more: isFirst, data: isFirst ? [{ id: "cus_1" }, { id: "cus_2" }] : [{ id: "cus_3" }] });
  }
  return json({ error: { type: "invalid_request_error", code: "resource_missing", message: `No such resource: ${url.pathname}` } }, 404, { "request-id": "req_1" });
};

const slack = ({ url, headers, body }) => {
  const isJson = (headers["content-type"] ?? "").startsWith("application/json");
  const asked = isJson ? JSON.parse(body) : form(body);
  if (headers.authorization !== "Bearer xoxb-1") return json({ ok: false, error: "invalid_auth" });
  if (url.pathname === "/slack/chat.postMessage") return json({ ok: true, ts: "1.2", channel: asked.channel, message: { text: asked.text, blocks: asked.blocks } });
  if (url.pathname === "/slack/conversations.list")
    return json(asked.cursor === "next" ? { ok: true, channels: [{ id: "C2" }], response_metadata: { next_cursor: "" } } : { ok: true, channels: [{ id: "C1" }], response_metadata: { next_cursor: "next" } });
  return json({ ok: false, error: "unknown_method" });
};

const hubspot = ({ method, url, headers, body }) => {
  if (headers.authorization !== "Bearer pat-1") return json({ status: "error", category: "INVALID_AUTHENTICATION", message: "no" }, 401);
  if (method === "POST" && url.pathname === "/hubspot/crm/v3/objects/contacts")
    return json({ id: "501", properties: JSON.parse(body).properties, createdAt: "2024-01-02T03:04:05.000Z", updatedAt: "2024-01-02T03:04:05.000Z", archived: false }, 201);
  if (method === "GET" && url.pathname === "/hubspot/crm/v3/objects/contacts/501")
    return json({ id: "501", properties: { email: "ada@example.com" }, createdAt: "2024-01-02T03:04:05.000Z", updatedAt: "2024-01-02T03:04:05.000Z", archived: false });
  return json({ status: "error", category: "OBJECT_NOT_FOUND", message: "resource not found" }, 404);
};

const twilio = ({ method, url, headers, body }) => {
  if (headers.authorization !== `Basic ${Buffer.from("AC1:token").toString("base64")}`) return json({ code: 20003, message: "Authenticate", status: 401 }, 401);
  if (method === "POST" && url.pathname === "/2010-04-01/Accounts/AC1/Messages.json") {
    const { To, From, Body } = form(body);
    return json({ sid: "SM1", to: To, from: From, body: Body, status: "queued", date_created: "Tue, 02 Jan 2024 03:04:05 +0000", num_segments: "1" }, 201);
  }
  return json({ code: 20404, message: "The requested resource was not found", status: 404 }, 404);
};

const salesforce = ({ method, url, headers, body }) => {
  const base = `http://${headers.host}`;
  if (url.pathname === "/services/oauth2/token") {
    const { grant_type: grant, username, client_id: client } = form(body);
    return grant === "password" && username === "ada" && client === "app" ? json({ access_token: "sf-1", instance_url: base, id: `${base}/id/00D1/0051`, token_type: "Bearer" }) : json({ error: "invalid_grant", error_description: "authentication failure" }, 400);
  }
  if (headers.authorization !== "Bearer sf-1") return json([{ errorCode: "INVALID_SESSION_ID", message: "Session expired" }], 401);
  if (/\/query$/.test(url.pathname))
    return json({ totalSize: 2, done: true, records: [{ attributes: { type: "Account" }, Id: "1", Name: "Acme" }, { attributes: { type: "Account" }, Id: "2", Name: url.searchParams.get("q") }] });
  if (method === "POST" && /\/sobjects\/Account$/.test(url.pathname)) return json({ id: "003", success: true, errors: [], got: JSON.parse(body) }, 201);
  return json([{ errorCode: "NOT_FOUND", message: "The requested resource does not exist" }], 404);
};

const google = ({ method, url, headers, body }) => {
  if (url.pathname === "/google/token") {
    const { grant_type: grant, refresh_token: token, assertion } = form(body);
    if (grant === "refresh_token" && token === "refresh-1") return json({ access_token: "ya29.1", expires_in: 3599, token_type: "Bearer" });
    return assertion !== undefined ? json({ access_token: `jwt-${assertion.split(".").length}`, expires_in: 3599, token_type: "Bearer" }) : json({ error: "invalid_grant" }, 400);
  }
  if (headers.authorization !== "Bearer ya29.1") return json({ error: { code: 401, message: "Invalid Credentials", errors: [] } }, 401);
  if (method === "GET" && url.pathname === "/drive/v3/files") return json({ kind: "drive#fileList", files: [{ id: "f1", name: url.searchParams.get("q") }] });
  if (method === "POST" && url.pathname === "/upload/drive/v3/files") return json({ id: "f2", type: headers["content-type"].split(";")[0], hasBody: body.includes("the content") });
  return json({ error: { code: 404, message: "File not found", errors: [{ reason: "notFound" }] } }, 404);
};

const openai = ({ url, headers, body }) => {
  if (headers.authorization !== "Bearer sk-1") return json({ error: { message: "Incorrect API key provided", type: "invalid_request_error", code: "invalid_api_key" } }, 401);
  if (url.pathname === "/openai/files") return json({ id: "file-1", object: "file", bytes: body.length, purpose: /name="purpose"\r\n\r\n(\w+)/.exec(body)?.[1], filename: /filename="([^"]+)"/.exec(body)?.[1] });
  const { stream, messages } = JSON.parse(body);
  const last = messages.at(-1).content;
  const base = { id: "c1", created: 1, model: "m" };
  if (!stream) return json({ ...base, object: "chat.completion", choices: [{ index: 0, finish_reason: "stop", message: { role: "assistant", content: `You said: ${last}` } }] });
  const chunks = last.split(" ").map((word) => `data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", choices: [{ index: 0, delta: { content: word } }] })}\n\n`);
  return { status: 200, headers: { "content-type": "text/event-stream" }, chunks: [...chunks, "data: [DONE]\n\n"] };
};

/* --- S3 --- */

const objects = new Map();
const etag = (bytes) => `"${createHash("md5").update(bytes).digest("hex")}"`;

/* The body of a signed upload in chunks (aws-chunked) without its frame. */
const unchunk = ({ headers, body }) => {
  if (!(headers["content-encoding"] ?? "").includes("aws-chunked")) return body;
  const parts = [];
  for (let at = 0; ; ) {
    const end = body.indexOf("\r\n", at);
    const length = Number.parseInt(body.toString("latin1", at, end), 16);
    if (!(length > 0)) return Buffer.concat(parts);
    parts.push(body.subarray(end + 2, end + 2 + length));
    at = end + 2 + length + 2;
  }
};

const s3 = (request) => {
  const { method, url, headers } = request;
  const key = decodeURIComponent(url.pathname.slice("/s3/".length));
  const isSigned = /^AWS4-HMAC-SHA256 Credential=AKID\/\d{8}\/us-east-1\/s3\/aws4_request/.test(headers.authorization ?? "") || url.searchParams.has("X-Amz-Signature");
  if (!isSigned) return xml("<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>", 403);
  if (method === "PUT") {
    const bytes = unchunk(request);
    objects.set(key, { bytes, type: headers["content-type"], note: headers["x-amz-meta-note"] });
    return { status: 200, headers: { etag: etag(bytes) }, body: "" };
  }
  if (method === "GET" && url.searchParams.get("list-type") === "2") {
    const bucket = key.replace(/\/$/, "");
    const prefix = `${bucket}/${url.searchParams.get("prefix") ?? ""}`;
    const found = [...objects].filter(([name]) => name.startsWith(prefix));
    return xml(`<?xml version="1.0" encoding="UTF-8"?><ListBucketResult><Name>${bucket}</Name><KeyCount>${found.length}</KeyCount><IsTruncated>false</IsTruncated>${found
      .map(([name, { bytes }]) => `<Contents><Key>${name.slice(bucket.length + 1)}</Key><Size>${bytes.length}</Size><ETag>${etag(bytes)}</ETag><LastModified>2024-01-02T03:04:05.000Z</LastModified></Contents>`)
      .join("")}</ListBucketResult>`);
  }
  if (method === "DELETE") {
    objects.delete(key);
    return { status: 204, headers: {}, body: "" };
  }
  const object = objects.get(key);
  if (object === undefined) return xml("<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message></Error>", 404);
  return { status: 200, headers: { "content-type": object.type ?? "binary/octet-stream", etag: etag(object.bytes), ...(object.note === undefined ? {} : { "x-amz-meta-note": object.note }) }, body: object.bytes };
};

/* --- SOAP --- */

const wsdl = (base) => `<?xml version="1.0"?>
<definitions name="Stock" targetNamespace="urn:stock" xmlns:tns="urn:stock" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns="http://schemas.xmlsoap.org/wsdl/">
  <types><xsd:schema targetNamespace="urn:stock" elementFormDefault="qualified">
    <xsd:element name="PriceRequest"><xsd:complexType><xsd:sequence><xsd:element name="symbol" type="xsd:string"/></xsd:sequence></xsd:complexType></xsd:element>
    <xsd:element name="PriceResponse"><xsd:complexType><xsd:sequence><xsd:element name="price" type="xsd:double"/><xsd:element name="asOf" type="xsd:dateTime"/></xsd:sequence></xsd:complexType></xsd:element>
  </xsd:schema></types>
  <message name="PriceIn"><part name="body" element="tns:PriceRequest"/></message>
  <message name="PriceOut"><part name="body" element="tns:PriceResponse"/></message>
  <portType name="StockPort"><operation name="GetPrice"><input message="tns:PriceIn"/><output message="tns:PriceOut"/></operation></portType>
  <binding name="StockBinding" type="tns:StockPort"><soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>
    <operation name="GetPrice"><soap:operation soapAction="urn:stock#GetPrice"/><input><soap:body use="literal"/></input><output><soap:body use="literal"/></output></operation></binding>
  <service name="StockService"><port name="StockPort" binding="tns:StockBinding"><soap:address location="${base}/soap"/></port></service>
</definitions>`;

const envelope = (body) => `<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>${body}</soap:Body></soap:Envelope>`;
const soap = ({ method, headers, body }) => {
  if (method === "GET") return xml(wsdl(`http://${headers.host}`));
  const symbol = /<(?:\w+:)?symbol>(\w+)</.exec(body)?.[1];
  if (headers.soapaction !== '"urn:stock#GetPrice"' || symbol === undefined) return xml(envelope("<soap:Fault><faultcode>soap:Client</faultcode><faultstring>bad request</faultstring></soap:Fault>"), 500);
  if (symbol === "NONE") return xml(envelope("<soap:Fault><faultcode>soap:Server</faultcode><faultstring>no such symbol</faultstring></soap:Fault>"), 500);
  const user = /<wsse:Username>(\w+)</.exec(body)?.[1];
  return xml(envelope(`<PriceResponse xmlns="urn:stock"><price>${user === "ada" ? 34.5 : 1}</price><asOf>2024-01-02T03:04:05Z</asOf></PriceResponse>`));
};

/* --- */

const routes = [
  ["/echo", echo],
  ["/flaky", flaky],
  ["/redirect", () => ({ status: 302, headers: { location: "/echo?redirected=1" }, body: "" })],
  ["/slow", () => ({ status: 200, headers: {}, body: "late", afterMs: 3000 })],
  ["/bytes", () => ({ status: 200, headers: { "content-type": "application/octet-stream" }, body: Buffer.alloc(300_000, 7) })],
  ["/graphql", graphql],
  ["/v1/", stripe],
  ["/slack/", slack],
  ["/hubspot/", hubspot],
  ["/2010-04-01/", twilio],
  ["/services/", salesforce],
  ["/google/token", google],
  ["/drive/", google],
  ["/upload/", google],
  ["/openai/", openai],
  ["/s3/", s3],
  ["/soap", soap],
];

const answer = async (request) => {
  const url = new URL(request.url, "http://localhost");
  const body = await bodyOf(request);
  const route = routes.find(([prefix]) => url.pathname.startsWith(prefix));
  return route === undefined ? notFound(url.pathname) : route[1]({ method: request.method, url, headers: request.headers, body });
};

/** Starts it: {url, stop}. */
export const startHttp = async () => {
  const server = createServer(async (request, response) => {
    const { status, headers, body, chunks, afterMs } = await answer(request).catch((error) => json({ error: error.stack }, 500));
    if (afterMs !== undefined) await new Promise((resolve) => setTimeout(resolve, afterMs).unref());
    response.writeHead(status, headers);
    for (const chunk of chunks ?? []) {
      response.write(chunk);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    response.end(body);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
};
