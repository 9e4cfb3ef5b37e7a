const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const Client = require("ssh2-sftp-client@12.1.1");

module.exports = async (context, { webhook }) => {
  const { folder, ...options } = webhook.results.body.data.sftp;
  const sftp = new Client();
  await sftp.connect(options);
  await sftp.mkdir(`${folder}/in/deep`, true);
  await sftp.put(Buffer.from("hello ü"), `${folder}/in/a.txt`);
  await sftp.put(Readable.from([Buffer.alloc(100_000, 1), Buffer.alloc(100_000, 2)]), `${folder}/in/big.bin`);
  assert.equal((await sftp.get(`${folder}/in/a.txt`)).toString(), "hello ü");
  const big = await sftp.get(`${folder}/in/big.bin`);
  assert.ok(big.length === 200_000 && big[99_999] === 1 && big[100_000] === 2);
  assert.deepEqual((await sftp.list(`${folder}/in`)).map(({ name, type, size }) => [name, type, type === "d" ? 0 : size]).sort(), [["a.txt", "-", 8], ["big.bin", "-", 200_000], ["deep", "d", 0]]);
  await sftp.rename(`${folder}/in/a.txt`, `${folder}/in/b.txt`);
  assert.equal(await sftp.exists(`${folder}/in/a.txt`), false);
  assert.equal((await sftp.stat(`${folder}/in/b.txt`)).size, 8);
  await sftp.rmdir(`${folder}/in`, true);
  await assert.rejects(sftp.get(`${folder}/in/b.txt`), /No such file/);
  await sftp.end();
};
