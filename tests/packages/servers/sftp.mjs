// OpenSSH's server, for the user who runs the tests, with a key of the moment.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import path from "node:path";

import { freePort, makeFolder, run, serve } from "./processes.mjs";

export const startSftp = async () => {
  const [port, folder] = [await freePort(), await makeFolder()];
  const file = (name) => path.join(folder, name);
  for (const [name, args] of [["host", ["-t", "ed25519"]], ["user", ["-t", "rsa", "-b", "2048", "-m", "PEM"]]]) await run("ssh-keygen", ["-q", "-N", "", "-f", file(name), ...args]);
  await copyFile(file("user.pub"), file("authorized"));
  await mkdir(file("files"));
  await writeFile(
    file("config"),
    [
      `ListenAddress 127.0.0.1:${port}`,
      `HostKey ${file("host")}`,
      `AuthorizedKeysFile ${file("authorized")}`,
      `PidFile ${file("pid")}`,
      "PermitRootLogin prohibit-password",
      "PasswordAuthentication no",
      "StrictModes no",
      "UsePAM no",
      "Subsystem sftp internal-sftp",
    ].join("\n"),
  );
  /* Where its unit makes it before the start; no other place can be named. */
  if (process.getuid() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  const server = await serve("/usr/sbin/sshd", ["-D", "-e", "-f", file("config")], { port, folder });
  return {
    ...server,
    options: { host: "127.0.0.1", port, username: userInfo().username, privateKey: await readFile(file("user"), "utf8"), folder: file("files") },
  };
};
