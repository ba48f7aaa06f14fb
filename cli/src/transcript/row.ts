/** A line of a page: what it is about, and what is said. */
export type Row = readonly [label: string, text: string];
