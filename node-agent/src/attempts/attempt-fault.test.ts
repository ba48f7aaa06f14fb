import { expect, it } from "vitest";
import { SshError } from "../ssh/ssh-error.ts";
import { AttemptFault, faultOf, orFault } from "./attempt-fault.ts";

it("names what a lost SSH connection is, wherever it was used, and leaves what has a name", async () => {
  expect(faultOf(new SshError("channel", "No response from server"))).toBe("ssh-failed");
  expect(faultOf(new AttemptFault("cell-died", "x", { cause: new SshError("lost") }))).toBe("cell-died");
  expect(faultOf(new Error("x"))).toBe("unexpected");
  const failed = orFault("observer-failed", () => Promise.reject(new SshError("lost")));
  expect(await failed.catch(faultOf)).toBe("observer-failed");
});
