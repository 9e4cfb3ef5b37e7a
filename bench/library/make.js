// A megabyte of JSON that looks like what integrations pass on, and the moment when it leaves.
module.exports = async () => {
  const rows = [];
  for (let i = 0; i < 6000; i++)
    rows.push({
      id: i, name: `Customer ${i}`, email: `customer${i}@example.com`, active: i % 3 === 0,
      tags: ["new", "important"], balance: i * 1.25, address: { city: "Grünstadt", zip: String(10000 + i) },
    });
  return { data: { rows, leftAt: performance.timeOrigin + performance.now() } };
};
