const assert = require("node:assert/strict");
const { Binary, Decimal128, Long, MongoClient, MongoServerError, ObjectId } = require("mongodb@7.9.0");
const { EJSON } = require("mongodb@7.9.0/lib/bson.js");

module.exports = async (context, { webhook }) => {
  const client = new MongoClient(webhook.results.body.data.mongodb, { serverSelectionTimeoutMS: 10_000 });
  await client.connect();
  const orders = client.db("shop").collection("orders");
  const id = new ObjectId("0123456789abcdef01234567");
  const inserted = await orders.insertOne({ _id: id, name: "Ada ü", total: Decimal128.fromString("30.50"), n: Long.fromString("9007199254740993"), at: new Date(0), raw: new Binary(Buffer.from([0, 255])) });
  assert.ok(inserted.acknowledged && inserted.insertedId.equals(id));
  const found = await orders.findOne({ _id: id });
  assert.deepEqual([found.name, found.total.toString(), found.at, Buffer.from(found.raw.buffer)], ["Ada ü", "30.50", new Date(0), Buffer.from([0, 255])]);
  await orders.insertMany([{ n: 1 }, { n: 2 }, { n: 3 }]);
  assert.deepEqual((await orders.find({}).batchSize(2).toArray()).length, 4);
  assert.equal((await orders.deleteMany({})).deletedCount, 4);
  await assert.rejects(client.db("shop").command({ nothing: 1 }), (error) => error instanceof MongoServerError && error.code === 59);
  assert.equal(EJSON.stringify({ id }), '{"id":{"$oid":"0123456789abcdef01234567"}}');
  await client.close();
};
