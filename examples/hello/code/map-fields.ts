// A code block: it sees the results of the steps before it, by their names in camel case.
interface Received {
  foo?: string;
  baz?: number;
}

export default (async ({ logger, configVars }, stepResults) => {
  const { foo = "stranger", baz = 0 }: Received = stepResults.receiveData.results;
  if (foo === "nobody") logger.warn("nobody is there");
  return {
    data: {
      greeting: `${configVars["Greeting"]} ${foo}!`,
      doubled: baz * 2,
      link: `${configVars["App Base URL"]}/people/${encodeURIComponent(foo)}`,
    },
  };
}) satisfies Tenon.Action<"Map Fields">;
