// Redis, PostgreSQL and MariaDB: {stop, and what a client must know}.
import { readdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import path from "node:path";

import { freePort, makeFolder, run, serve, userFor } from "./processes.mjs";

export const startRedis = async () => {
  const [port, folder] = [await freePort(), await makeFolder()];
  const server = await serve("redis-server", ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--dir", folder, "--requirepass", "secret"], { port, folder });
  return { ...server, options: { host: "127.0.0.1", port, password: "secret" } };
};

/* Debian keeps the programs of each major version in a folder that is not in the path. */
const postgresPrograms = () => {
  const all = "/usr/lib/postgresql";
  const newest = readdirSync(all).sort((a, b) => Number(b) - Number(a))[0];
  return (name) => path.join(all, newest, "bin", name);
};

export const startPostgres = async () => {
  const program = postgresPrograms();
  const user = userFor("postgres");
  const [port, folder] = [await freePort(), await makeFolder(user)];
  const data = path.join(folder, "data");
  const password = path.join(folder, "password");
  await writeFile(password, "secret");
  await run(program("initdb"), ["-D", data, "-U", "ada", "-A", "scram-sha-256", "--pwfile", password, "-E", "UTF8", "--locale=C", "--no-sync"], { ...user, cwd: folder });
  const args = ["-D", data, "-h", "127.0.0.1", "-p", `${port}`, "-k", folder, "-c", "fsync=off", "-c", "shared_buffers=8MB"];
  const server = await serve(program("postgres"), args, { ...user, cwd: folder, port, folder, signal: "SIGQUIT" });
  return { ...server, options: { host: "127.0.0.1", port, user: "ada", password: "secret", database: "postgres" } };
};

export const startMariadb = async () => {
  const user = userFor("mysql");
  const [port, folder] = [await freePort(), await makeFolder(user)];
  const data = path.join(folder, "data");
  const init = path.join(folder, "init.sql");
  await writeFile(init, "create database shop;\ncreate user 'ada'@'%' identified by 'secret';\ngrant all on shop.* to 'ada'@'%';\n");
  await run("mariadb-install-db", ["--no-defaults", `--datadir=${data}`, "--auth-root-authentication-method=normal", "--skip-test-db"], { ...user, cwd: folder });
  const args = ["--no-defaults", `--datadir=${data}`, `--socket=${folder}/socket`, `--pid-file=${folder}/pid`, `--port=${port}`, "--bind-address=127.0.0.1", "--skip-name-resolve", `--init-file=${init}`, "--innodb-buffer-pool-size=8M"];
  const server = await serve("/usr/sbin/mariadbd", args, { ...user, cwd: folder, port, folder });
  return { ...server, options: { host: "127.0.0.1", port, user: "ada", password: "secret", database: "shop", timezone: "Z" } };
};
