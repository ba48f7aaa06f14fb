import type { Cell } from "../cell/cell.ts";
import { MOST_DESCRIPTORS, type CellRead } from "./read-members.ts";

/** As often as copies may come again beyond their cap. */
const MOST_LOOKS = 3;

/** Cells that hold more descriptors than a look reads: what listens there is not counted to the end. */
export class Uncounted {
  #inARow = new Map<Cell, number>();

  /**
   * One look. What was so in three looks in a row is emptied, as what the cell's own side did.
   * @returns those that hold too many for the first time (`emptied: null`) and those that were emptied for it
   */
  async end<T extends Pick<CellRead, "processes" | "partly"> & { readonly cell: Cell }>(
    cells: readonly T[],
  ): Promise<{ one: T; detail: string; emptied: number | null }[]> {
    const before = this.#inARow;
    const over = cells.filter(({ partly }) => partly);
    this.#inARow = new Map(over.map(({ cell }) => [cell, (before.get(cell) ?? 0) + 1]));
    const told: { one: T; detail: string; emptied: number | null }[] = [];
    for (const one of over) {
      const looks = this.#inARow.get(one.cell) ?? 0;
      const detail = `cell ${one.cell.id} holds more than ${MOST_DESCRIPTORS} descriptors: its copies were counted in part`;
      if (looks === 1) told.push({ one, detail, emptied: null });
      if (looks !== MOST_LOOKS) continue;
      await one.cell.empty("limit");
      const emptied = one.processes.length;
      told.push({ one, detail: `${detail}, in ${looks} looks in a row; it was emptied`, emptied });
    }
    return told;
  }
}
