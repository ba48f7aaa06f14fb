import { z } from "zod";

/** Price of a model's tokens. */
export const priceSchema = z.strictObject({
  promptUsdPerMTok: z.number().min(0).max(10_000),
  completionUsdPerMTok: z.number().min(0).max(10_000),
});
export type Price = z.infer<typeof priceSchema>;
/** By the model's name, as a brain's `model` has it. */
export const pricesSchema = z.record(z.string().min(1).max(200), priceSchema);

/** US dollars; null where nobody said the price. */
export function costOf(
  price: Price | undefined,
  used: { readonly promptTokens: number; readonly completionTokens: number },
): number | null {
  if (price === undefined) return null;
  return (
    (used.promptTokens * price.promptUsdPerMTok + used.completionTokens * price.completionUsdPerMTok) / 1e6
  );
}
