const assert = require("node:assert/strict");
const { Client, Pool } = require("pg@8.23.1");

module.exports = async (context, { webhook }) => {
  const { postgres } = webhook.results.body.data;
  const pool = new Pool({ ...postgres, max: 2 });
  await pool.query("create temporary table if not exists unused (a int)");
  const client = await pool.connect();
  try {
    await client.query("create temporary table orders (id serial primary key, name text, total numeric, at timestamptz, more jsonb, raw bytea)");
    await client.query("begin");
    const { rows: inserted } = await client.query("insert into orders (name, total, at, more, raw) values ($1, $2, $3, $4, $5), ('Bob', 5, null, null, null) returning id", ["Ada ü", "30.50", new Date(0), { tags: ["a"] }, Buffer.from([0, 255])]);
    assert.deepEqual(inserted, [{ id: 1 }, { id: 2 }]);
    await client.query("commit");
    const { rows } = await client.query({ name: "one", text: "select * from orders where id = $1", values: [1] });
    assert.deepEqual(rows, [{ id: 1, name: "Ada ü", total: "30.50", at: new Date(0), more: { tags: ["a"] }, raw: Buffer.from([0, 255]) }]);
    const { rows: many } = await client.query("select generate_series(1, 20000) as n");
    assert.equal(many.length, 20_000);
    await assert.rejects(client.query("select * from nothing"), { code: "42P01" });
  } finally {
    client.release();
  }
  assert.deepEqual((await Promise.all([1, 2, 3].map((n) => pool.query("select $1::int as n", [n])))).map(({ rows }) => rows[0].n), [1, 2, 3]);
  await pool.end();
  await assert.rejects(new Client({ ...postgres, password: "wrong" }).connect(), { code: "28P01" });
};
