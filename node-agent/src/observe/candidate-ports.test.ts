import { describe, expect, it } from "vitest";
import { portsOf, reachableAddresses } from "./candidate-ports.ts";
import { answerText } from "./probe/answer-text.ts";

const listener = (port: number, address: string) => ({
  family: "ipv4" as const,
  address,
  port,
  inode: "1",
  netns: "1",
  owners: [],
});

describe("portsOf", () => {
  it("gives each port once, with loopback addresses first", () => {
    expect(
      portsOf([listener(9, "10.0.0.2"), listener(9, "::1"), listener(9, "10.0.0.2"), listener(8, "0.0.0.0")]),
    ).toEqual([
      { port: 8, addresses: ["127.0.0.1"] },
      { port: 9, addresses: ["::1", "10.0.0.2"] },
    ]);
  });

  it.each([
    ["0.0.0.0", ["127.0.0.1"]],
    ["::", ["127.0.0.1", "::1"]],
    ["::ffff:10.0.0.2", ["10.0.0.2"]],
    ["fe80::1", ["fe80::1"]],
    ["127.0.0.7", ["127.0.0.7"]],
  ])("reaches %s at %j", (address, reached) => {
    expect(reachableAddresses({ address })).toEqual(reached);
  });
});

describe("answerText", () => {
  it.each([
    ["completion", '{"model":"m","choices":[{"text":"hi"}]}', "hi", "m"],
    ["completion", '{"choices":[{"message":{"content":"hi"}}]}', "hi", ""],
    ["chat", '{"reply":"hi","model":"m"}', "hi", "m"],
    ["models", '{"data":[{"id":"m"}]}', '{"data":[{"id":"m"}]}', "m"],
    ["health", "ok", "ok", ""],
    // Not the expected shape: the body itself is the answer.
    ["completion", '{"choices":[{"text":7}]}', '{"choices":[{"text":7}]}', ""],
    ["chat", '["reply"]', '["reply"]', ""],
    ["chat", "null", "null", ""],
    ["chat", '{"__proto__":{"reply":"x"}}', '{"__proto__":{"reply":"x"}}', ""],
    ["chat", "", "", ""],
  ] as const)("%s of %s", (kind, body, answer, model) => {
    expect(answerText(kind, body)).toEqual({ answer, model });
  });

  it("bounds both", () => {
    const { answer, model } = answerText(
      "chat",
      JSON.stringify({ reply: "r".repeat(9999), model: "🙂".repeat(999) }),
    );
    expect([answer.length, model.length]).toEqual([2048, 200]);
  });
});
