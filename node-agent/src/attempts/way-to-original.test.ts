import { expect, it } from "vitest";
import { WayToOriginal } from "./way-to-original.ts";

const signal = new AbortController().signal;
const answer = { status: 200, answer: "{}", error: "" };

it("asks only while the original itself listens, and takes no answer where it does not any more afterwards", async () => {
  const way = new WayToOriginal();
  await expect(way.ask("/", undefined, 1, signal)).rejects.toThrow("not up yet");
  let [asked, itself] = [0, true];
  const lead = (meanwhile: () => void) => {
    const ask = () => {
      asked += 1;
      meanwhile();
      return Promise.resolve(answer);
    };
    way.lead(ask, () => itself);
  };
  lead(() => undefined);
  expect(await way.ask("/", undefined, 1, signal)).toBe(answer);
  lead(() => (itself = false));
  await expect(way.ask("/", undefined, 1, signal)).rejects.toMatchObject({ code: "replaced" });
  expect(asked).toBe(2);
  await expect(way.ask("/", undefined, 1, signal)).rejects.toMatchObject({ code: "replaced" });
  expect(asked).toBe(2);
});
