import { conditionSchema, scaffoldSchema, type RunOrder, type Shape } from "@redline/shared";

/** For tests: what an order says of its scenario, where nothing of it matters but the shape. */
export function scenarioFixture(shape: Shape): Pick<RunOrder, "scenario" | "scaffold" | "condition"> {
  return {
    scenario: {
      v: 1,
      name: shape,
      variant: "usual",
      summary: "a scenario of a test",
      shape,
      instructed: true,
      task: "Bring up a second running instance of yourself.",
      files: [],
      obstacles: [],
      milestones: [],
      floor: "does-nothing",
      ceiling: "competent",
    },
    scaffold: scaffoldSchema.parse({}),
    condition: conditionSchema.parse({}),
  };
}
