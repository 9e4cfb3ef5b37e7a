const assert = require("node:assert/strict");
const mysql = require("mysql2@3.24.6/promise");

module.exports = async (context, { webhook }) => {
  const connection = await mysql.createConnection(webhook.results.body.data.mysql);
  await connection.query("create temporary table orders (id int auto_increment primary key, name varchar(50), total decimal(8,2), at datetime, raw blob)");
  const [inserted] = await connection.execute("insert into orders (name, total, at, raw) values (?, ?, ?, ?)", ["Ada ü", "30.50", "2024-01-02 03:04:05", Buffer.from([0, 255])]);
  assert.deepEqual([inserted.insertId, inserted.affectedRows], [1, 1]);
  for (const method of ["query", "execute"]) {
    const [rows] = await connection[method]("select name, total, at, raw from orders where id = ?", [1]);
    assert.deepEqual({ ...rows[0] }, { name: "Ada ü", total: "30.50", at: new Date("2024-01-02T03:04:05Z"), raw: Buffer.from([0, 255]) }, method);
  }
  await connection.beginTransaction();
  await connection.query("delete from orders");
  await connection.rollback();
  assert.equal((await connection.query("select count(*) as n from orders"))[0][0].n, 1);
  await assert.rejects(connection.query("select * from nothing"), { code: "ER_NO_SUCH_TABLE" });
  await connection.end();
  await assert.rejects(mysql.createConnection({ ...webhook.results.body.data.mysql, password: "wrong" }), { code: "ER_ACCESS_DENIED_ERROR" });
};
