// What egress says went wrong with a connection or a question about a name, as Node's errors of the system.
const resolver = { ENOTFOUND: -3008, EAI_AGAIN: -3001 };

const errnoOf = (code) => {
  const number = require("os").constants.errno[code];
  return number === undefined ? resolver[code] : -number;
};

/** An error with Node's members; those that are undefined are left out. */
const systemError = (message, { code, syscall, ...more }) => {
  const error = new Error(message);
  const errno = errnoOf(code);
  if (errno !== undefined) error.errno = errno;
  error.code = code;
  if (syscall !== undefined) error.syscall = syscall;
  for (const [key, value] of Object.entries(more)) if (value !== undefined) error[key] = value;
  return error;
};

/** Of a connection: "connect ECONNREFUSED 192.0.2.1:80", "getaddrinfo ENOTFOUND name", or in words. */
const connectionError = (code, message, host, port) => {
  const syscall = /^(connect|read|write|getaddrinfo) /.exec(message)?.[1];
  const place = /^connect [A-Z]+ (\S+):(\d+)$/.exec(message);
  if (syscall === "getaddrinfo") return systemError(message, { code, syscall, hostname: host });
  if (syscall === "read" || syscall === "write") return systemError(message, { code, syscall });
  return systemError(message, { code, syscall: syscall ?? "connect", address: place?.[1] ?? (host || undefined), port: port || undefined });
};

/** Of a question: `queryMx ENOTFOUND name`. What the policy says is kept. */
const questionError = (syscall, code, hostname, message) =>
  systemError(code === "EPOLICY" ? message : `${syscall} ${code} ${hostname}`, { code, syscall, hostname });

const hangUp = (message) => Object.assign(new Error(message), { code: "ECONNRESET" });

module.exports = { systemError, connectionError, questionError, hangUp };
