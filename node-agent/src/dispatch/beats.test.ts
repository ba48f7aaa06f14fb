import type { StreamPublisher } from "@redline/daemon";
import type { Inventory } from "@redline/shared";
import { expect, it, vi } from "vitest";
import { BareNode } from "../lifeline/lifeline-fixture.ts";
import { Beats } from "./beats.ts";

/** Beats of a node whose bus never answers and whose look at the machine never ends. */
function stuck() {
  const node = new BareNode();
  const subjects: string[] = [];
  const publisher: Pick<StreamPublisher, "publish"> = {
    publish: (subject) => {
      subjects.push(subject);
      return new Promise(() => undefined);
    },
  };
  const inventory = vi.fn(() => new Promise<Inventory>(() => undefined));
  const { registry, logger } = node;
  const beats = new Beats({ publisher, node: node.log.node, registry, inventory, everyMs: 1000, logger });
  return { node, beats, subjects, inventory };
}

it("renews every lease at each beat, though neither the inventory nor an earlier lease was answered", () => {
  vi.useFakeTimers();
  try {
    const { node, beats, subjects, inventory } = stuck();
    node.part("a");
    node.part("b");
    const end = new AbortController();
    beats.start(end.signal);
    vi.advanceTimersByTime(2000);
    end.abort();
    vi.advanceTimersByTime(5000);
    const both = ["$KV.lease.alpha.a", "$KV.lease.alpha.b"];
    expect(subjects).toEqual([...both, ...both, ...both]);
    expect(inventory).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});

it("leases what is new at once, and tells slots that change together once", () => {
  vi.useFakeTimers();
  try {
    const { node, beats, subjects, inventory } = stuck();
    node.part("a");
    beats.beat();
    node.part("b");
    beats.beat();
    expect(subjects).toEqual(["$KV.lease.alpha.a", "$KV.lease.alpha.b"]);
    expect(inventory).not.toHaveBeenCalled();
    vi.advanceTimersByTime(100);
    expect(inventory).toHaveBeenCalledTimes(1);
  } finally {
    vi.useRealTimers();
  }
});
