// The names of header fields and codes (RFC 9113 §7, §8.3), which libraries read without making a connection.
const names = ["AUTHORITY", "METHOD", "PATH", "SCHEME", "STATUS", "PROTOCOL"];
const constants = { NGHTTP2_NO_ERROR: 0, NGHTTP2_PROTOCOL_ERROR: 1, NGHTTP2_INTERNAL_ERROR: 2, NGHTTP2_FLOW_CONTROL_ERROR: 3, NGHTTP2_REFUSED_STREAM: 7, NGHTTP2_CANCEL: 8, NGHTTP2_ENHANCE_YOUR_CALM: 11 };
for (const name of names) constants[`HTTP2_HEADER_${name}`] = `:${name.toLowerCase()}`;
for (const name of ["accept", "accept-encoding", "authorization", "cache-control", "connection", "content-encoding", "content-length", "content-type", "cookie", "date", "etag", "host", "location", "set-cookie", "te", "transfer-encoding", "upgrade", "user-agent"])
  constants[`HTTP2_HEADER_${name.toUpperCase().replaceAll("-", "_")}`] = name;
for (const method of ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]) constants[`HTTP2_METHOD_${method}`] = method;
module.exports = Object.freeze(constants);
