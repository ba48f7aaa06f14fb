import type { Paint } from "../terminal/colour.ts";

/** Layout that every part of a page is made to. */
export interface Page {
  readonly columns: number;
  readonly paint: Paint;
}
