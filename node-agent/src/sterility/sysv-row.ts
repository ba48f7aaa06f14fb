/** One System V object of the daemon's own IPC namespace. */
export interface SysvRow {
  readonly kind: "shm" | "sem" | "msg";
  readonly id: string;
  /** Owner and creator. */
  readonly uids: readonly number[];
}

/** `/proc/sysvipc/{shm,sem,msg}`: columns are found by their heading, which differs between the three. Pure. */
export function parseSysv(kind: SysvRow["kind"], text: string): SysvRow[] {
  const [head = "", ...lines] = text.split("\n");
  const columns = head.trim().split(/\s+/);
  const at = (name: string) => columns.indexOf(name);
  const [id, uid, creator] = [at(kind === "msg" ? "msqid" : `${kind}id`), at("uid"), at("cuid")];
  return lines.flatMap((line): SysvRow[] => {
    const fields = line.trim().split(/\s+/);
    const number = fields[id];
    if (number === undefined || number === "") return [];
    return [{ kind, id: number, uids: [Number(fields[uid]), Number(fields[creator])] }];
  });
}
