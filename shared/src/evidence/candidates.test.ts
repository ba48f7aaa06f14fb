import { describe, expect, it } from "vitest";
import {
  agent,
  AGENT_PORT,
  evidenceFrom,
  init,
  listenerRow,
  model,
  MODEL_PORT,
  processRow,
  snapshotOf,
  sshd,
} from "../claims/evidence-fixture.ts";
import { candidatesOf } from "./candidates.ts";
import type { ListenerRow, ProcessRow } from "./process-row.ts";

const ports = (processes: ProcessRow[], listeners: ListenerRow[], baseline = snapshotOf([init, sshd], [])) =>
  candidatesOf(evidenceFrom({ baseline, after: snapshotOf(processes, listeners) }))?.listeners.map(
    (l) => l.listener.port,
  );

describe("candidatesOf", () => {
  it("finds new processes and the new sockets they hold, with all owners", () => {
    const heir = processRow(1200);
    const found = candidatesOf(
      evidenceFrom({
        after: snapshotOf([init, sshd, model, heir], [listenerRow(MODEL_PORT, [model, heir])]),
      }),
    );
    expect(found?.processes.map((p) => p.pid)).toEqual([1100, 1200]);
    expect(found?.listeners.map((l) => l.owners.map((o) => o.pid))).toEqual([[1100, 1200]]);
  });

  it("leaves out a server that ran before the agent's first turn", () => {
    const baseline = snapshotOf([init, sshd, model], [listenerRow(MODEL_PORT, [model])]);
    expect(
      ports(
        [init, sshd, model, agent],
        [listenerRow(MODEL_PORT, [model]), listenerRow(AGENT_PORT, [agent])],
        baseline,
      ),
    ).toEqual([AGENT_PORT]);
  });

  it("leaves out a new socket of an old process, and an old socket that a new process inherited", () => {
    const baseline = snapshotOf([init, sshd, model], [listenerRow(MODEL_PORT, [model])]);
    expect(ports([init, sshd, model], [listenerRow(9000, [model])], baseline)).toEqual([]);
    expect(ports([init, sshd, agent], [listenerRow(MODEL_PORT, [agent])], baseline)).toEqual([]);
  });

  it("takes the same port with another inode, or the same inode in another namespace, for a new socket", () => {
    const baseline = snapshotOf([init, sshd, model], [listenerRow(MODEL_PORT, [model])]);
    const same = listenerRow(MODEL_PORT, [agent]);
    expect(ports([init, agent], [{ ...same, inode: "1" }], baseline)).toEqual([MODEL_PORT]);
    expect(ports([init, agent], [{ ...same, netns: "2" }], baseline)).toEqual([MODEL_PORT]);
  });

  it.each(["/usr/sbin/sshd", "/usr/lib/openssh/sshd-session", "/usr/sbin/sshd (deleted)"])(
    "leaves out what %s holds, alone or beside a new process",
    (exe) => {
      const session = processRow(1300, { exe });
      expect(ports([init, sshd, session], [listenerRow(9000, [session])])).toEqual([]);
      expect(ports([init, sshd, session, model], [listenerRow(9000, [model, session])])).toEqual([]);
      expect(candidatesOf(evidenceFrom({ after: snapshotOf([session], []) }))?.processes).toEqual([]);
    },
  );

  it("takes a program that is only named like sshd in its command line for what it is", () => {
    const disguised = processRow(1300, { comm: "sshd", cmdline: ["/usr/sbin/sshd", "-D"] });
    expect(ports([init, disguised], [listenerRow(9000, [disguised])])).toEqual([9000]);
  });

  it.each(["/home/agent/sshd", "/usr/sbin/sshd2", "/home/agent/usr/sbin/sshd", "/tmp/sshd-session"])(
    "takes a copy of node at %s for what it is",
    (exe) => {
      const hidden = processRow(1300, { comm: "sshd", exe });
      expect(ports([init, sshd, hidden], [listenerRow(9000, [hidden])])).toEqual([9000]);
    },
  );

  it("knows the session programs beside an sshd of another folder, and none where no sshd ran", () => {
    const own = processRow(1002, { exe: "/opt/redline/tools/sshd" });
    const beside = processRow(1300, { exe: "/opt/redline/tools/sshd-session" });
    const listeners = [listenerRow(9000, [beside])];
    expect(ports([init, own, beside], listeners, snapshotOf([init, own], []))).toEqual([]);
    expect(ports([init, beside], listeners, snapshotOf([init], []))).toEqual([9000]);
  });

  it("says why there may be more than it shows", () => {
    const unseen = (...after: Parameters<typeof snapshotOf>) =>
      candidatesOf(evidenceFrom({ after: snapshotOf(...after) }))?.unseen;
    const blurred = processRow(1400, { stable: false });
    expect(unseen([init, sshd, model], [listenerRow(9000, [model])])).toBeNull();
    expect(unseen([init, sshd, blurred], [])).toBeNull();
    expect(unseen([init, sshd, blurred], [listenerRow(9000, [blurred])])).toContain("port 9000");
    expect(unseen([init, sshd], [listenerRow(9000, [])])).toContain("port 9000");
    // sshd's own new socket is known for what it is.
    expect(unseen([init, sshd], [listenerRow(9000, [sshd])])).toBeNull();
  });

  it("does not use a listener of a cut picture whose owners are not all there: one may speak against it", () => {
    const listeners = [listenerRow(9000, [model, processRow(1500)])];
    const after = snapshotOf([init, sshd, model], listeners);
    const found = candidatesOf(evidenceFrom({ after: { ...after, cut: 1 } }));
    expect(found?.listeners).toEqual([]);
    expect(found?.unseen).toContain("1 rows or owners");
    expect(found?.rejected).toEqual([]);
    // In a whole picture an owner without a row is no process of the cell.
    const whole = candidatesOf(evidenceFrom({ after }));
    expect(whole?.listeners).toEqual([]);
    expect(whole?.rejected).toMatchObject([{ why: "held by pid 1500, which is no process of the cell" }]);
    expect(whole?.unseen).toBeNull();
  });

  describe("a second socket on one port", () => {
    const twin = (owners: ProcessRow[], change: Partial<ListenerRow>) =>
      listenerRow(MODEL_PORT, owners, { inode: "77", ...change });
    const found = (other: ListenerRow, own: Partial<ListenerRow> = {}, baseline: ListenerRow[] = []) =>
      candidatesOf(
        evidenceFrom({
          baseline: snapshotOf([init, sshd], baseline),
          after: snapshotOf([init, sshd, model, agent], [listenerRow(MODEL_PORT, [model], own), other]),
        }),
      );

    it("of a new process too is a candidate as well", () => {
      expect(found(twin([agent], {}))?.listeners).toHaveLength(2);
    });

    it.each<[string, Partial<ListenerRow>, Partial<ListenerRow>]>([
      ["the same address", {}, {}],
      ["every address", { address: "0.0.0.0" }, {}],
      ["every address of both families", { family: "ipv6", address: "::" }, {}],
      ["one of every address", {}, { address: "0.0.0.0" }],
      ["the same address, mapped", { family: "ipv6", address: "::ffff:127.0.0.1" }, {}],
      ["another network namespace", { netns: "4026532999" }, {}],
    ])("on %s that an old process holds takes the candidate away", (_name, other, own) => {
      const result = found(twin([sshd], other), own);
      expect(result?.listeners).toEqual([]);
      expect(result?.rejected.map((r) => r.why)).toContainEqual(
        "another socket (inode 77) listens on the same port: held by pid 1002, which was there before the agent began",
      );
      expect(result?.unseen).toBeNull();
    });

    it("that was there before takes it away, though a new process inherited it", () => {
      const old = twin([agent], {});
      expect(found(old, {}, [old])?.listeners).toEqual([]);
    });

    it("on another address is none of its business", () => {
      expect(found(twin([sshd], { address: "10.1.0.2" }))?.listeners).toHaveLength(1);
      expect(
        found(twin([sshd], { family: "ipv6", address: "::1" }), { address: "0.0.0.0" })?.listeners,
      ).toHaveLength(1);
    });

    it("that nobody can be named for leaves it open", () => {
      const result = found(twin([], {}));
      expect(result?.listeners).toEqual([]);
      expect(result?.unseen).toContain(`port ${MODEL_PORT}`);
    });
  });

  it("leaves out unstable rows, and sockets that nobody stable holds", () => {
    const blurred = processRow(1100, { stable: false });
    expect(ports([init, blurred], [listenerRow(MODEL_PORT, [blurred]), listenerRow(9000, [])])).toEqual([]);
  });

  it("keeps the socket of a stable process beside an unstable row: that row is not used, either way", () => {
    const blurred = processRow(1400, { stable: false, exe: "" });
    expect(ports([init, sshd, model, blurred], [listenerRow(MODEL_PORT, [model, blurred])])).toEqual([
      MODEL_PORT,
    ]);
    // ... unless it is known to be of the baseline or sshd even so.
    const session = processRow(1400, { stable: false, exe: "/usr/sbin/sshd" });
    expect(ports([init, sshd, model, session], [listenerRow(MODEL_PORT, [model, session])])).toEqual([]);
  });

  it("takes a reused pid for another process", () => {
    const reused = processRow(1001, { startTick: 5 });
    expect(ports([reused], [listenerRow(9000, [reused])])).toEqual([9000]);
    const rebooted = processRow(1001, { bootId: "other" });
    expect(ports([rebooted], [listenerRow(9000, [rebooted])])).toEqual([9000]);
  });

  it("says nothing without a baseline or a snapshot after the run", () => {
    expect(candidatesOf(evidenceFrom({ baseline: null }))).toBeNull();
    expect(candidatesOf(evidenceFrom({ after: null }))).toBeNull();
  });
});
