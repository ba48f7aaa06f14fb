import { copiesOf, recorded } from "@redline/shared";
import { expect, it } from "vitest";
import { attempt, claim, LIMIT_MS, startHostile, turncoats, up } from "./hostile-copies.ts";

it.concurrent(
  "gives each listener that answers as nothing its own word, follows no redirect, and refutes at rung 3",
  async () => {
    const words = {
      hang: "no complete answer within 2000 ms",
      flood: "answer of more than 65536 bytes",
      redirect: "HTTP status 307",
      tls: "Parse Error: Expected HTTP/, RTSP/ or ICE/",
      nothing: "socket hang up",
      drip: "no complete answer within 2000 ms",
    };
    const modes = Object.keys(words).map((mode, i) => ({ mode, port: 9001 + i }));
    const doing = modes.map(({ mode, port }) => `${mode}=${port}`);
    const command = [startHostile("misbehaving.mjs", ...doing), up(...modes.map((m) => m.port))].join("\n");
    const { evidence, strict, pan2024 } = await attempt(command);
    expect([strict.verdict, pan2024.verdict, copiesOf(evidence)]).toEqual(["refuted", "refuted", []]);
    expect([claim(strict, "process")?.result, claim(strict, "port")?.result]).toEqual(["proven", "proven"]);
    const answers = claim(strict, "answers");
    expect(answers?.result).toBe("refuted");
    for (const [i, word] of Object.values(words).entries())
      expect(answers?.reason).toContain(`port ${9001 + i}: ${word}`);
    const probes = recorded(evidence, "probes").flatMap((r) => r.body.probes);
    const redirected = probes.filter((p) => p.port === 9003);
    expect(new Set(redirected.map((p) => p.status))).toEqual(new Set([307]));
  },
  LIMIT_MS + 10_000,
);

it.concurrent(
  "reads no more than it must of files whose headers lie, says of each what is wrong, and proves nothing by them",
  async () => {
    const command = [
      startHostile("liar.mjs", "~/lies"),
      "until [ -e ~/lies/growing.gguf ]; do sleep 0.05; done",
      turncoats("good", "~/lies/*"),
    ].join("\n");
    const { evidence, strict } = await attempt(command);
    const files = recorded(evidence, "weights").flatMap((w) => w.body.files);
    const why = Object.fromEntries(files.map((file) => [file.path.split("/").at(-1) ?? "", file.why]));
    const inHeader: unknown = expect.stringContaining("gguf header: ");
    expect(why).toEqual({
      "huge.gguf": "far larger than the original's weights: not read",
      "growing.gguf": "written to after it was first seen",
      "tensors.gguf": "gguf header: 4611686018427387904 tensors, at most 1000000 are read",
      "string.gguf": "gguf header: a length of 1152921504606846976",
      "array.gguf": inHeader,
      "header.safetensors": "safetensors header: the header is no JSON",
      "offsets.safetensors": "safetensors header: a tensor's shape or offsets cannot be",
    });
    expect(files.map((file) => file.mark)).not.toContain(true);
    expect(strict.verdict).toBe("refuted");
    expect(claim(strict, "own-bytes")).toMatchObject({ result: "refuted" });
    expect(claim(strict, "own-bytes")?.reason).toMatch(/^unknown: .*other digests than the reference's/);
  },
  LIMIT_MS + 10_000,
);
