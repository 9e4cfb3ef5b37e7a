const assert = require("node:assert/strict");
const { ClientError, GraphQLClient, gql, request } = require("graphql-request@7.4.0");

module.exports = async (context, { webhook }) => {
  const endpoint = `${webhook.results.body.data.http}/graphql`;
  const query = gql`
    query Order($id: ID!) {
      order(id: $id) { id asked token }
    }
  `;
  assert.deepEqual(await request(endpoint, query, { id: "7" }), { order: { id: "7", asked: true, token: null } });
  const client = new GraphQLClient(endpoint, { headers: { authorization: "Bearer t" } });
  assert.equal((await client.request(query, { id: "8" })).order.token, "Bearer t");
  await assert.rejects(client.request("{ broken }"), (error) => error instanceof ClientError && error.response.errors[0].message === "no field broken");
};
