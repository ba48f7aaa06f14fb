import { describe, expect, it } from "vitest";
import { ChannelSlots } from "./channel-slots.ts";

const never = new AbortController().signal;

describe("ChannelSlots", () => {
  it("lets so many in and the rest in order, and counts a slot back once", async () => {
    const slots = new ChannelSlots(1);
    const order: string[] = [];
    const first = await slots.take(never);
    const second = slots.take(never).then((release) => (order.push("second"), release));
    const third = slots.take(never).then((release) => (order.push("third"), release));
    first();
    first();
    const release = await second;
    expect(order).toEqual(["second"]);
    release();
    await third;
    expect(order).toEqual(["second", "third"]);
  });

  it("forgets who gave up waiting", async () => {
    const slots = new ChannelSlots(1);
    const first = await slots.take(never);
    const control = new AbortController();
    const waiting = slots.take(control.signal);
    control.abort();
    await expect(waiting).rejects.toMatchObject({ code: "aborted" });
    first();
    await slots.take(never);
    await expect(slots.take(AbortSignal.abort())).rejects.toMatchObject({ code: "aborted" });
  });
});
