// A trigger may answer the caller itself; the steps run after the answer has left.

/** @type {Tenon.Trigger} */
module.exports = async ({ configVars }, payload) => {
  const data = payload.body.data ?? {};
  const lines = Object.entries(data).map(([name, value]) => `${name},${value}`);
  return {
    payload: data,
    response: { statusCode: 200, contentType: "text/csv", body: ["name,value", ...lines].join("\n") + "\n" },
  };
};
