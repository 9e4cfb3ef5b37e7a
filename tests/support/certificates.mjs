// Certificates for tests, made by the openssl program: an authority, and servers that it knows.
import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";

import { withFolder } from "./tenon.mjs";

const run = promisify(execFile);

/** `use` gets {ca, issue (names, {days, authority}), pfx ({cert, key}, passphrase)}; all in PEM. */
export const withAuthority = (use) =>
  withFolder(async (folder) => {
    let n = 0;
    const openssl = (...args) => run("openssl", args, { cwd: folder });
    const read = async (name) => readFile(path.join(folder, name), "utf8");
    await writeFile(path.join(folder, "openssl.cnf"), "[req]\ndistinguished_name = dn\n[dn]\n");
    const request = ["req", "-config", "openssl.cnf", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    await openssl(...request, "-keyout", "ca.key", "-out", "ca.crt", "-days", "2", "-subj", "/CN=Test Authority", "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign");
    return use({
      ca: await read("ca.crt"),
      caFile: path.join(folder, "ca.crt"),
      async issue(names, { isSelfSigned = false, days = 1 } = {}) {
        const name = `server${++n}`;
        const by = isSelfSigned ? [] : ["-CA", "ca.crt", "-CAkey", "ca.key"];
        await openssl(...request, "-keyout", `${name}.key`, "-out", `${name}.crt`, "-days", `${days}`, "-subj", `/CN=${name}`, "-addext", `subjectAltName=${names}`, "-addext", "basicConstraints=critical,CA:FALSE", ...by);
        return { cert: await read(`${name}.crt`), key: await read(`${name}.key`) };
      },
      async pfx({ cert, key }, passphrase) {
        await writeFile(path.join(folder, "p.crt"), cert);
        await writeFile(path.join(folder, "p.key"), key);
        await openssl("pkcs12", "-export", "-in", "p.crt", "-inkey", "p.key", "-out", "p.pfx", "-passout", `pass:${passphrase}`);
        return readFile(path.join(folder, "p.pfx"));
      },
    });
  });
