// Servers from the distribution, each a process of its own in a temporary folder, on a free port of loopback.
import { execFile, execFileSync, spawn } from "node:child_process";
import { chownSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

const isRoot = process.getuid() === 0;

export const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });

/** uid and gid to run as: database servers refuse root, and bring a user along. */
export const userFor = (name) => {
  if (!isRoot) return {};
  const id = (option) => Number(execFileSync("id", [option, name], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
};

/** A folder that `user` (see userFor) can use. */
export const makeFolder = async (user = {}) => {
  const folder = await mkdtemp(path.join(tmpdir(), "tenon-server-"));
  if (user.uid !== undefined) chownSync(folder, user.uid, user.gid);
  return folder;
};

/** Runs a program to its end; what it says is in the error. */
export const run = async (program, args, options = {}) => {
  const { stdout } = await promisify(execFile)(program, args, { timeout: 120_000, ...options });
  return stdout;
};

const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => socket.end(() => resolve(true)));
    socket.once("error", () => resolve(false));
  });

/** Starts `program` and waits until something listens on `port`: {stop}, which removes `folder` too. */
export const serve = async (program, args, { port, folder, signal = "SIGTERM", ...options }) => {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
  let output = "";
  let hasEnded = false;
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (output = (output + chunk).slice(-4000)));
  const ended = new Promise((resolve) => {
    child.once("error", (error) => resolve((output += error.message)));
    child.once("exit", resolve);
  }).then(() => (hasEnded = true));
  const stop = async () => {
    child.kill(signal);
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  for (const end = Date.now() + 60_000; !(await answers(port)); ) {
    if (hasEnded || Date.now() > end) {
      await stop();
      throw new Error(`${program} did not start: ${output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { stop };
};
