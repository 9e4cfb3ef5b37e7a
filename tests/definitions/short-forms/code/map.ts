import { double } from "./lib/numbers";
import defaults from "./lib/defaults.json";

type Results = { trigger: { results: { body: { data: { count: number } } } } };

export default async (context: unknown, { trigger }: Results) => {
  return { data: { ...defaults, count: double(trigger.results.body.data.count) } };
};
