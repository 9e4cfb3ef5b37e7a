// The real binary, for tests: `tenon run` of a text, and a server of one's own on loopback.
import { spawn, execFile } from "node:child_process";
import { mkdtemp, rm, readFile, writeFile, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");

/** The program under test: $TENON, or the debug build that `make test` makes. */
export const tenon = process.env.TENON ?? path.join(root, "build/debug/tenon");

/** A build with AddressSanitizer: slower, and its memory counts double. */
export const isSanitized = process.env.TENON_SANITIZED === "1";

/** Makes a folder that is gone when `use` has ended. */
export const withFolder = async (use) => {
  const folder = await mkdtemp(path.join(tmpdir(), "tenon-test-"));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

/** Runs the binary to its end: {code, stdout, stderr}. */
export const runTenon = (args, { input, env, cwd, timeoutMs = 60_000 } = {}) =>
  new Promise((resolve) => {
    const child = execFile(
      tenon,
      args,
      { env: { ...process.env, ...env }, cwd, timeout: timeoutMs, maxBuffer: 256 << 20 },
      (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr }),
    );
    child.stdin.end(input ?? "");
  });

/** Runs one code block and returns the object of --json. */
export const runBlock = (source, { extension = "js", kind = "action", limits = {}, args = [], files = {} } = {}) =>
  withFolder(async (folder) => {
    const file = path.join(folder, `block.${extension}`);
    await writeFile(file, source);
    for (const [name, text] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), text);
    }
    const limitArgs = Object.entries(limits).flatMap(([name, value]) => ["--limit", `${name}=${value}`]);
    const { code, stdout, stderr } = await runTenon(["run", file, "--json", "--kind", kind, ...limitArgs, ...args], {
      cwd: folder,
    });
    if (code !== 0 && code !== 1) throw new Error(`tenon run ended with ${code}: ${stderr || stdout}`);
    return JSON.parse(stdout);
  });

/** Starts a server on a free port; `use` gets {url, data, pid, token, stop(), kill(), env}. */
export const startServer = async (data, args = [], { env } = {}) => {
  const child = spawn(tenon, ["serve", "--data", data, "--listen", "127.0.0.1:0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...env },
  });
  let output = "";
  const url = await new Promise((resolve, reject) => {
    const look = (chunk) => {
      output += chunk;
      const found = /http:\/\/127\.0\.0\.1:(\d+)/.exec(output);
      if (found !== null) resolve(found[0]);
    };
    child.stdout.on("data", look);
    child.stderr.on("data", look);
    child.on("exit", (code) => reject(new Error(`the server ended with ${code}: ${output}`)));
  });
  const ended = new Promise((resolve) => child.on("exit", resolve));
  const stopBy = (signal) => {
    child.kill(signal);
    return ended;
  };
  return {
    url,
    data,
    pid: child.pid,
    output: () => output,
    stop: () => stopBy("SIGTERM"),
    kill: () => stopBy("SIGKILL"),
    ended,
  };
};

/** Runs a CLI command against a server and returns its --json output. */
export const callServer = async (server, args, options = {}) => {
  const { code, stdout, stderr } = await runTenon([...args, "--json"], {
    ...options,
    env: { TENON_SERVER: server.url, TENON_TOKEN: await tokenOf(server), ...options.env },
  });
  if (code !== 0) throw new Error(`tenon ${args.join(" ")} ended with ${code}: ${stderr || stdout}`);
  return JSON.parse(stdout);
};

/** The API token that the server made at its first start. */
export const tokenOf = async (server) =>
  (await readFile(path.join(server.data, "token"), "utf8")).trim();

/** Writes an integration of code flows and deploys it: {flow name: URL}. flows: {name: {trigger?, steps: [code], …}} */
export const deployFlows = async (server, flows, { instance = "default", config, args = [], extra = "" } = {}) =>
  withFolder(async (folder) => {
    const indent = (text, by) => text.replace(/^/gm, " ".repeat(by));
    const codeStep = (name, key, code, isTrigger) =>
      `      - name: ${name}\n${isTrigger ? "        isTrigger: true\n" : ""}        action: { component: { key: code, isPublic: true, version: LATEST }, key: ${key} }\n        inputs:\n          code:\n            type: value\n            value: |\n${indent(code, 14)}\n`;
    const webhookStep =
      "      - name: Webhook\n        isTrigger: true\n        action: { component: { key: webhook-triggers, isPublic: true, version: LATEST }, key: webhook }\n        inputs: {}\n";
    let yaml = `name: Test\ndescription: ""\ndefinitionVersion: 7\n${extra}flows:\n`;
    for (const [name, flow] of Object.entries(flows)) {
      yaml += `  - name: ${name}\n`;
      if (flow.isSynchronous) yaml += "    isSynchronous: true\n";
      if (flow.security) yaml += `    endpointSecurityType: ${flow.security}\n`;
      if (flow.limits) yaml += `    limits: ${JSON.stringify(flow.limits)}\n`;
      yaml += "    steps:\n";
      yaml += flow.trigger === undefined ? webhookStep : codeStep("Code Trigger", "runCodeTrigger", flow.trigger, true);
      (flow.steps ?? []).forEach((code, i) => {
        yaml += codeStep(`Step ${i + 1}`, "runCode", code, false);
      });
    }
    await writeFile(path.join(folder, "integration.yaml"), yaml);
    const more = [...args];
    if (config !== undefined) {
      await writeFile(path.join(folder, "config.json"), JSON.stringify(config));
      more.push("--config", path.join(folder, "config.json"));
    }
    const deployed = await callServer(server, ["deploy", folder, "--instance", instance, ...more]);
    return deployed.urls;
  });

/** Waits until `look` gives something truthy. */
export const until = async (look, { timeoutMs = 20_000, everyMs = 50 } = {}) => {
  const end = Date.now() + timeoutMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > end) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
};

/** An execution as the API shows it, once it has ended. */
export const endOf = (server, id) =>
  until(async () => {
    const response = await fetch(`${server.url}/api/v1/executions/${id}`, {
      headers: { authorization: `Bearer ${await tokenOf(server)}` },
    });
    if (!response.ok) return undefined;
    const execution = await response.json();
    return ["succeeded", "failed"].includes(execution.status) ? execution : undefined;
  });
