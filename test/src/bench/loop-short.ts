import { loopLines } from "./loop-lines.ts";

/** `node test/dist/bench/loop-short.js`: the section `loop` in a minute, each row once. */
for await (const line of loopLines("short")) process.stdout.write(`${line}\n`);
