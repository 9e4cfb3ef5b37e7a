// The URL standard's parser (https://url.spec.whatwg.org), by its reference implementation. Realms hold a URL as its text
// and ask here, with texts only: loading the parser into each realm would cost more than most executions.
// What the package takes from the global object, which the system realm has not.
const { utf8Encode, utf8Decode } = native;
globalThis.TextEncoder ??= class TextEncoder {
  encode(text) {
    return utf8Encode(text);
  }
};
globalThis.TextDecoder ??= class TextDecoder {
  decode(bytes) {
    return utf8Decode(bytes, false);
  }
};
const {
  basicURLParse,
  serializeURL,
  serializeURLOrigin,
  serializeHost,
  serializePath,
  cannotHaveAUsernamePasswordPort,
  hasAnOpaquePath,
  setTheUsername,
  setThePassword,
} = require("whatwg-url/lib/url-state-machine");

const prefixed = (mark, text) => (text === null || text === "" ? "" : `${mark}${text}`);

/** What a URL object shows, in the order of runtime/modules/whatwg-url.js. None of it can have a line break. */
const show = (url) => {
  const hostname = url.host === null ? "" : serializeHost(url.host);
  const port = url.port === null ? "" : `${url.port}`;
  return [
    serializeURL(url),
    serializeURLOrigin(url),
    `${url.scheme}:`,
    url.username,
    url.password,
    `${hostname}${prefixed(":", port)}`,
    hostname,
    port,
    serializePath(url),
    prefixed("?", url.query),
    prefixed("#", url.fragment),
  ].join("\n");
};

const override = (url, value, stateOverride) => basicURLParse(value, { url, stateOverride });

/** Trailing spaces of an opaque path are kept only by what follows it. */
const stripOpaquePath = (url) => {
  if (hasAnOpaquePath(url) && url.query === null && url.fragment === null) url.path = url.path.replace(/ +$/, "");
};

/** The setters of the standard, section 6.1. */
const setters = {
  protocol: (url, value) => override(url, `${value}:`, "scheme start"),
  username: (url, value) => cannotHaveAUsernamePasswordPort(url) || setTheUsername(url, value),
  password: (url, value) => cannotHaveAUsernamePasswordPort(url) || setThePassword(url, value),
  host: (url, value) => hasAnOpaquePath(url) || override(url, value, "host"),
  hostname: (url, value) => hasAnOpaquePath(url) || override(url, value, "hostname"),
  port(url, value) {
    if (cannotHaveAUsernamePasswordPort(url)) return;
    if (value === "") url.port = null;
    else override(url, value, "port");
  },
  pathname(url, value) {
    if (hasAnOpaquePath(url)) return;
    url.path = [];
    override(url, value, "path start");
  },
  search(url, value) {
    url.query = null;
    if (value === "") return stripOpaquePath(url);
    url.query = "";
    override(url, value.replace(/^\?/, ""), "query");
  },
  hash(url, value) {
    url.fragment = null;
    if (value === "") return stripOpaquePath(url);
    url.fragment = "";
    override(url, value.replace(/^#/, ""), "fragment");
  },
  // What URLSearchParams says of its URL: written already.
  query(url, value) {
    url.query = value === "" ? null : value;
    stripOpaquePath(url);
  },
};

const parse = (text, base) => {
  const baseURL = base === undefined ? null : basicURLParse(base);
  if (base !== undefined && baseURL === null) return null;
  return basicURLParse(text, { baseURL });
};

/** The text of show(), or null where it is no URL. */
module.exports = {
  parseUrl(text, base) {
    const url = parse(text, base);
    return url === null ? null : show(url);
  },
  setUrl(href, name, value) {
    const url = basicURLParse(href);
    if (url === null) return null;
    setters[name](url, value);
    return show(url);
  },
};
