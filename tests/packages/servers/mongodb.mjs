// Debian has no MongoDB: this speaks its wire protocol (OP_MSG, and OP_QUERY for the first hello) over one collection
// in memory, so that the driver's own connection, monitoring, sessions, cursors and BSON are used.
import { createServer } from "node:net";

import { deserialize, Long, serialize } from "bson";

const OP_REPLY = 1;
const OP_QUERY = 2004;
const OP_MSG = 2013;

const hello = () => ({ isWritablePrimary: true, ismaster: true, helloOk: true, maxBsonObjectSize: 16 << 20, maxMessageSizeBytes: 48_000_000, maxWriteBatchSize: 100_000, localTime: new Date(), logicalSessionTimeoutMinutes: 30, minWireVersion: 0, maxWireVersion: 21, readOnly: false, ok: 1 });
const same = (a, b) => Buffer.compare(Buffer.from(serialize({ a })), Buffer.from(serialize({ a: b }))) === 0;
const matches = (document, filter) => Object.entries(filter ?? {}).every(([name, value]) => same(document[name], value));

const makeCommands = () => {
  let documents = [];
  const cursors = new Map();
  const page = (namespace, kind, rest, size, id) => {
    const batch = rest.splice(0, size);
    const isDone = rest.length === 0;
    if (isDone) cursors.delete(id);
    else cursors.set(id, { rest, namespace });
    return { cursor: { id: Long.fromNumber(isDone ? 0 : id), ns: namespace, [kind]: batch }, ok: 1 };
  };
  return {
    hello,
    ismaster: hello,
    isMaster: hello,
    ping: () => ({ ok: 1 }),
    endSessions: () => ({ ok: 1 }),
    insert({ documents: more }) {
      documents.push(...more);
      return { n: more.length, ok: 1 };
    },
    find: ({ find, $db, filter, batchSize, limit }) =>
      page(`${$db}.${find}`, "firstBatch", documents.filter((document) => matches(document, filter)).slice(0, limit || undefined), batchSize ?? 101, cursors.size + 1),
    getMore({ getMore, batchSize }) {
      const { rest, namespace } = cursors.get(Number(getMore));
      return page(namespace, "nextBatch", rest, batchSize ?? 101, Number(getMore));
    },
    delete({ deletes }) {
      const before = documents.length;
      for (const { q } of deletes) documents = documents.filter((document) => !matches(document, q));
      return { n: before - documents.length, ok: 1 };
    },
  };
};

/* Sections: kind 0 is the command, kind 1 a list of documents under a name. */
const readMessage = (message) => {
  const command = {};
  for (let at = 20; at < message.length; ) {
    const kind = message[at++];
    const length = message.readInt32LE(at);
    const section = message.subarray(at, at + length);
    at += length;
    if (kind === 0) {
      Object.assign(command, deserialize(section, { promoteValues: false, promoteBuffers: false }));
      continue;
    }
    const end = section.indexOf(0, 4);
    const list = [];
    for (let next = end + 1; next < section.length; next += section.readInt32LE(next)) list.push(deserialize(section.subarray(next, next + section.readInt32LE(next)), { promoteValues: false }));
    command[section.toString("utf8", 4, end)] = list;
  }
  return command;
};

const plain = (value) => (typeof value?.valueOf?.() === "number" ? Number(value) : value);
const handle = (commands, command) => {
  const name = Object.keys(command)[0];
  for (const option of ["batchSize", "limit"]) if (command[option] !== undefined) command[option] = plain(command[option]);
  return commands[name] === undefined ? { ok: 0, errmsg: `no such command: '${name}'`, code: 59, codeName: "CommandNotFound" } : commands[name](command);
};

const header = (length, replyTo, code) => {
  const bytes = Buffer.alloc(16);
  [16 + length, 1, replyTo, code].forEach((value, i) => bytes.writeInt32LE(value, i * 4));
  return bytes;
};

const answer = (commands, message) => {
  const [id, code] = [message.readInt32LE(4), message.readInt32LE(12)];
  if (code === OP_QUERY) {
    const head = Buffer.alloc(20);
    head.writeInt32LE(8, 0);
    head.writeInt32LE(1, 16);
    const body = serialize(hello());
    return Buffer.concat([header(20 + body.length, id, OP_REPLY), head, body]);
  }
  const body = serialize(handle(commands, readMessage(message)));
  return Buffer.concat([header(5 + body.length, id, OP_MSG), Buffer.alloc(5), body]);
};

/** {url, stop}. */
export const startMongodb = async () => {
  const commands = makeCommands();
  const sockets = new Set();
  const server = createServer((socket) => {
    let pending = Buffer.alloc(0);
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {}); /* a client that goes away */
    socket.on("data", (chunk) => {
      pending = Buffer.concat([pending, chunk]);
      while (pending.length >= 16 && pending.length >= pending.readInt32LE(0)) {
        const length = pending.readInt32LE(0);
        socket.write(answer(commands, pending.subarray(0, length)));
        pending = pending.subarray(length);
      }
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `mongodb://127.0.0.1:${server.address().port}/?directConnection=true`,
    stop() {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
};
