const legacy = require("npm:url/");
const { URL, URLSearchParams } = require("whatwg-url");

/** A path's bytes, which need not be UTF-8. */
const fileURLToPathBuffer = (url) => {
  const { protocol, pathname } = new URL(url);
  if (protocol !== "file:") throw Object.assign(new TypeError("The URL must be of scheme file"), { code: "ERR_INVALID_URL_SCHEME" });
  return require("querystring").unescapeBuffer(pathname);
};

const fileURLToPath = (url) => {
  const { protocol, pathname } = new URL(url);
  if (protocol !== "file:") throw Object.assign(new TypeError("The URL must be of scheme file"), { code: "ERR_INVALID_URL_SCHEME" });
  return decodeURIComponent(pathname);
};

module.exports = {
  ...legacy,
  URL,
  URLSearchParams,
  fileURLToPath,
  fileURLToPathBuffer,
  pathToFileURL: (path) => new URL(`file://${encodeURI(path).replace(/[?#]/g, encodeURIComponent)}`),
  domainToASCII: (domain) => native.domainToASCII(`${domain}`) ?? "",
  domainToUnicode: (domain) => native.domainToUnicode(`${domain}`) ?? "",
  urlToHttpOptions: ({ protocol, hostname, hash, search, pathname, href, port, username, password }) => ({
    protocol,
    hostname: hostname?.startsWith("[") ? hostname.slice(1, -1) : hostname,
    hash,
    search,
    pathname,
    path: `${pathname}${search}`,
    href,
    ...(port === "" ? {} : { port: Number(port) }),
    ...(username === "" && password === "" ? {} : { auth: `${decodeURIComponent(username)}:${decodeURIComponent(password)}` }),
  }),
};
