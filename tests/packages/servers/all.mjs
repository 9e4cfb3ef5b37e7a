// What the packages' blocks need, started together.
import { startMariadb, startPostgres, startRedis } from "./databases.mjs";
import { startHttp } from "./http.mjs";
import { startMongodb } from "./mongodb.mjs";
import { startSftp } from "./sftp.mjs";
import { startSmtp } from "./smtp.mjs";

/** {places: what the blocks are told, mails: what the mail server received, stop}. */
export const startServers = async () => {
  const started = await Promise.allSettled([startHttp(), startSmtp(), startPostgres(), startMariadb(), startRedis(), startSftp(), startMongodb()]);
  const stop = () => Promise.all(started.filter(({ status }) => status === "fulfilled").map(({ value }) => value.stop()));
  const failed = started.find(({ status }) => status === "rejected");
  if (failed !== undefined) {
    await stop();
    throw failed.reason;
  }
  const [http, smtp, postgres, mysql, redis, sftp, mongodb] = started.map(({ value }) => value);
  return {
    places: { http: http.url, smtp: smtp.options, postgres: postgres.options, mysql: mysql.options, redis: redis.options, sftp: sftp.options, mongodb: mongodb.url },
    mails: smtp.received,
    stop,
  };
};
