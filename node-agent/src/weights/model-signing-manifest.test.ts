import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import { modelSigningManifest } from "./model-signing-manifest.ts";

const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const file = (name: string, size: number, shards: string[]) => ({ name, size, shards, family: "" });

it("has the shape of OpenSSF model signing v1.0", () => {
  const files = [
    file("weights/b.gguf", 12, [sha256("12345678"), sha256("90ab")]),
    file("weights/a.gguf", 3, [sha256("abc")]),
  ];
  // `printf abc | sha256sum`, and so on; the root: the three raw digests through sha256sum.
  expect(modelSigningManifest(files, { name: "tiny", shardBytes: 8, ignorePaths: ["model.sig"] })).toEqual({
    _type: "https://in-toto.io/Statement/v1",
    subject: [
      {
        name: "tiny",
        digest: { sha256: "3627d5cc6b3ae73fe382ae44601d3ce42f1fb87e7368ad3ba4fd0aabdd23fecf" },
      },
    ],
    predicateType: "https://model_signing/signature/v1.0",
    predicate: {
      serialization: {
        method: "shards",
        hash_type: "sha256",
        shard_size: 8,
        allow_symlinks: false,
        ignore_paths: ["model.sig"],
      },
      resources: [
        {
          name: "weights/a.gguf:0:3",
          algorithm: "sha256-sharded-8",
          digest: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        },
        {
          name: "weights/b.gguf:0:8",
          algorithm: "sha256-sharded-8",
          digest: "ef797c8118f02dfb649607dd5d3f8c7623048c9c063d532cc95c5ed7a898a64f",
        },
        {
          name: "weights/b.gguf:8:12",
          algorithm: "sha256-sharded-8",
          digest: "cbc5970b8c013356f041ae7a9d48bbc2283ce3febd6ad75650415917723b8601",
        },
      ],
    },
  });
});

it("orders by the parts of the path, then by the number of the shard, as others' verifiers do", () => {
  const eleven = Array.from({ length: 11 }, (_, n) => sha256(String(n)));
  const files = [file("a-b/x", 1, [sha256("1")]), file("a/x", 11, eleven), file("a", 1, [sha256("2")])];
  const names = modelSigningManifest(files, { shardBytes: 1 }).predicate.resources.map((r) => r.name);
  expect(names.slice(0, 4)).toEqual(["a:0:1", "a/x:0:1", "a/x:1:2", "a/x:2:3"]);
  expect(names.slice(-2)).toEqual(["a/x:10:11", "a-b/x:0:1"]);
});

it("refuses what the format cannot say", () => {
  expect(() => modelSigningManifest([file("a:b", 1, [sha256("1")])])).toThrow(/rename the file/);
  expect(() => modelSigningManifest([file("a", 9, [sha256("1")])], { shardBytes: 8 })).toThrow(
    /hash the file again/,
  );
});
