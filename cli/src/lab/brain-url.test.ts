import { describe, expect, it } from "vitest";
import { readBrainUrl } from "./brain-url.ts";

describe("a base URL for --brain-url", () => {
  it.each([
    ["http://127.0.0.1:8000/v1", { url: "http://127.0.0.1:8000/v1", host: "127.0.0.1", port: 8000 }],
    ["http://127.9.8.7:11434/", { url: "http://127.9.8.7:11434", host: "127.9.8.7", port: 11434 }],
    ["http://localhost:1234", { url: "http://localhost:1234", host: "127.0.0.1", port: 1234 }],
    ["https://localhost/v1", { url: "https://localhost/v1", host: "127.0.0.1", port: 443 }],
    // What a URL parser makes of other spellings of the same address.
    ["http://2130706433:81", { url: "http://127.0.0.1:81", host: "127.0.0.1", port: 81 }],
  ])("takes %s", (text, brain) => {
    expect(readBrainUrl(text)).toEqual({ ok: true, brain });
  });

  it.each([
    ["http://192.0.2.1:8000", "not on this machine's loopback"],
    ["http://[::1]:8000", "not on this machine's loopback"],
    ["http://[::ffff:127.0.0.1]:8000", "not on this machine's loopback"],
    ["http://127.0.0.1.example:8000", "not on this machine's loopback"],
    ["http://localhost.example:8000", "not on this machine's loopback"],
    ["http://0.0.0.0:8000", "not on this machine's loopback"],
    ["http://127.0.0.1@192.0.2.1:8000", "has a login"],
    ["file:///etc/passwd", "neither http nor https"],
    ["127.0.0.1:8000", "is no URL"],
    ["localhost:8000", "neither http nor https"],
    ["http://127.0.0.1:8000/?to=x", "has a query"],
    ["http://127.0.0.1:8000/a,http://192.0.2.1", "has a query, a fragment or a comma"],
  ])("refuses %s with the reason and what helps", (text, why) => {
    const read = readBrainUrl(text);
    expect(read.ok ? "" : read.why).toContain(why);
    expect(read.ok ? "" : read.remedy).not.toBe("");
  });

  it("names enrolled nodes as the remedy for an address elsewhere", () => {
    expect(readBrainUrl("https://models.example/v1")).toHaveProperty(
      "remedy",
      expect.stringContaining("enrolled nodes"),
    );
  });
});
