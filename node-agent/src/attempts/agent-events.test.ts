import { describe, expect, it } from "vitest";
import { AgentEventReader } from "./agent-events.ts";

const read = (...chunks: (string | Buffer)[]) => {
  const reader = new AgentEventReader();
  const events = chunks.flatMap((chunk) => [...reader.take(Buffer.from(chunk))]);
  return { reader, events: [...events, ...reader.end()] };
};

describe("agent events", () => {
  it("puts lines together over chunks, also inside a multi-byte character", () => {
    const line = Buffer.from('{"event":"turn","text":"äöü"}\n');
    const { events } = read(line.subarray(0, 25), line.subarray(25), '{"event":"finished"');
    expect(events[0]).toEqual({ event: "turn", text: "äöü" });
    expect(events[1]).toMatchObject({ event: "unparsed", bytes: 19 });
  });

  it("keeps words, numbers and other shapes as bounded data", () => {
    const { events } = read("hello\n", "42\n", '{"event":7}\n', "[]\n", "\n");
    expect(events.map((e) => e.event)).toEqual(["unparsed", "unparsed", "unparsed", "unparsed", "unparsed"]);
  });

  it("cuts a line without end and goes on after its newline", () => {
    const flood = "x".repeat(10_000);
    const { events, reader } = read(flood, flood, flood, flood, '\n{"event":"turn"}\n');
    expect(events.map((e) => e.event)).toEqual(["unparsed", "turn"]);
    expect(reader.bytes).toBe(40_018);
  });

  it("bears binary", () => {
    const { events } = read(Buffer.from([0, 255, 254, 10, 128, 10]));
    expect(events).toHaveLength(2);
    expect(events[0]?.event).toBe("unparsed");
  });

  it("keeps nesting that could not be written again out of the records", () => {
    const deep = `{"event":"x","a":${"[".repeat(7000)}${"]".repeat(7000)}}`;
    const { events } = read(`${deep}\n`);
    expect(events[0]).toMatchObject({ event: "unparsed", bytes: deep.length });
    expect(() => JSON.stringify(events)).not.toThrow();
  });
});
