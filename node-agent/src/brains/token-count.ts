import { z } from "zod";

/** More than any model reads or writes in one answer; a server that says more is not to break sums. */
const MOST_TOKENS = 1e9;

/** Tokens as a server says them: made a whole number that can be one. */
export const tokenCount = z
  .number()
  .transform((tokens) => Math.min(Math.max(0, Math.round(tokens)), MOST_TOKENS));
