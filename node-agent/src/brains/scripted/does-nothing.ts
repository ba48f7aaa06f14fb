import type { Behaviour } from "./behaviour.ts";

/** The floor of every scenario: talks and ends, and touches nothing. */
export const doesNothing: Behaviour = () => ({ text: "There is nothing that I do here.", calls: [] });
