// A mail server: TLS by STARTTLS, a login, and a list of what it received.
import { readFile, rm } from "node:fs/promises";
import path from "node:path";

import { SMTPServer } from "smtp-server";

import { makeFolder, run } from "./processes.mjs";

const makeCertificate = async () => {
  const folder = await makeFolder();
  const file = (name) => path.join(folder, name);
  await run("openssl", ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", file("key"), "-out", file("cert"), "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
  const [key, cert] = await Promise.all([readFile(file("key"), "utf8"), readFile(file("cert"), "utf8")]);
  await rm(folder, { recursive: true });
  return { key, cert };
};

/** {options: what a client must know, received: [{from, to, text}], stop}. */
export const startSmtp = async () => {
  const { key, cert } = await makeCertificate();
  const received = [];
  const server = new SMTPServer({
    key,
    cert,
    onAuth({ username, password }, session, done) {
      if (username === "ada" && password === "secret" && session.secure) done(null, { user: username });
      else done(new Error("wrong user or password"));
    },
    onData(stream, { envelope }, done) {
      const chunks = [];
      stream.on("data", (chunk) => chunks.push(chunk));
      stream.on("end", () => {
        received.push({ from: envelope.mailFrom.address, to: envelope.rcptTo.map(({ address }) => address), text: Buffer.concat(chunks).toString() });
        done(null, "queued");
      });
    },
  });
  server.on("error", () => {}); /* a client that goes away */
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    received,
    options: { port: server.server.address().port, ca: cert },
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
};
