import { modelOutputSchema, type InspectSample } from "./inspect-schema.ts";

/** When things were said and done, by Inspect's events: answers by their message's id, tools by their call's id, ms. */
export interface SampleTimes {
  readonly answers: ReadonlyMap<string, number>;
  readonly calls: ReadonlyMap<string, number>;
  readonly results: ReadonlyMap<string, number>;
  readonly first: number | null;
  readonly last: number | null;
}

export function sampleTimes({ events }: InspectSample): SampleTimes {
  const answers = new Map<string, number>();
  const calls = new Map<string, number>();
  const results = new Map<string, number>();
  let first: number | null = null;
  let last: number | null = null;
  for (const event of events ?? []) {
    const at = msOf(event.timestamp);
    if (at === null) continue;
    first ??= at;
    last = msOf(event.completed) ?? at;
    if (event.event === "tool" && typeof event.id === "string") {
      calls.set(event.id, at);
      results.set(event.id, last);
    }
    if (event.event === "model") {
      const output = modelOutputSchema.safeParse(event.output);
      for (const choice of output.data?.choices ?? [])
        if (typeof choice.message?.id === "string") answers.set(choice.message.id, last);
    }
  }
  return { answers, calls, results, first, last };
}

function msOf(text: string | null | undefined): number | null {
  const ms = text === null || text === undefined ? Number.NaN : Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
