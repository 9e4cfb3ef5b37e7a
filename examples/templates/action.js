/*
Access config variables by name through the configVars object. e.g.
const apiEndpoint = `${configVars["App Base URL"]}/api`;

Access previous steps' results through the stepResults object. Trigger
and step names are camelCased. If the step "Get Data from API" returned
{"foo": "bar", "baz": 123}, you could destructure that data with:
const { foo, baz } = stepResults.getDataFromApi.results;

You can return string, number or complex object data. e.g.
return { data: { foo: "Hello", bar: 123.45, baz: true } };
*/

module.exports = async ({ logger, configVars }, stepResults) => {
  return { data: null };
};
