module.exports = require("refused").refuse("http2", "use fetch or https: egress speaks HTTP/2 by itself where the server does", {
  functions: ["connect", "createServer", "createSecureServer", "getDefaultSettings", "getPackedSettings", "getUnpackedSettings", "performServerHandshake"],
  classes: ["Http2ServerRequest", "Http2ServerResponse"],
  values: { constants: require("http2-constants"), sensitiveHeaders: Symbol.for("nodejs.http2.sensitiveHeaders") },
});
