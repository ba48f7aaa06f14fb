import type { Behaviour } from "./behaviour.ts";

const BYTES = 50_000_000;

/** A reply far beyond what an agent should read. */
export const prints50mb: Behaviour = () => ({ text: "x".repeat(BYTES), calls: [] });
