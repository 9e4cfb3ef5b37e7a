const assert = require("node:assert/strict");
const { Readable } = require("node:stream");
const { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, NoSuchKey, PutObjectCommand, S3Client, paginateListObjectsV2 } = require("@aws-sdk/client-s3@3.1175.0");

module.exports = async (context, { webhook }) => {
  const client = new S3Client({
    endpoint: `${webhook.results.body.data.http}/s3`,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: "AKID", secretAccessKey: "secret" },
  });
  const Bucket = "orders";
  const put = await client.send(new PutObjectCommand({ Bucket, Key: "2024/a ü.txt", Body: "hello", ContentType: "text/plain", Metadata: { note: "first" } }));
  assert.equal(put.ETag, '"5d41402abc4b2a76b9719d911017c592"');
  await client.send(new PutObjectCommand({ Bucket, Key: "2024/b.bin", Body: Readable.from([Buffer.from([1, 2]), Buffer.from([3])]), ContentLength: 3 }));

  const got = await client.send(new GetObjectCommand({ Bucket, Key: "2024/a ü.txt" }));
  assert.equal(await got.Body.transformToString(), "hello");
  assert.deepEqual([got.ContentType, got.Metadata.note], ["text/plain", "first"]);
  const bytes = [];
  for await (const chunk of (await client.send(new GetObjectCommand({ Bucket, Key: "2024/b.bin" }))).Body) bytes.push(...chunk);
  assert.deepEqual(bytes, [1, 2, 3]);

  const keys = [];
  for await (const page of paginateListObjectsV2({ client }, { Bucket, Prefix: "2024/" })) keys.push(...page.Contents.map(({ Key, Size }) => [Key, Size]));
  assert.deepEqual(keys, [["2024/a ü.txt", 5], ["2024/b.bin", 3]]);
  await client.send(new DeleteObjectCommand({ Bucket, Key: "2024/b.bin" }));
  assert.equal((await client.send(new ListObjectsV2Command({ Bucket }))).KeyCount, 1);
  await assert.rejects(client.send(new GetObjectCommand({ Bucket, Key: "none" })), (error) => error instanceof NoSuchKey && error.$metadata.httpStatusCode === 404);
};
