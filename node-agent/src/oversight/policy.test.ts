import { expect, it } from "vitest";
import type { ApprovalDecision } from "@redline/shared";
import { policyOf } from "./policy.ts";

const rules = (...pairs: [string, ApprovalDecision][]) =>
  policyOf({ rules: pairs.map(([pattern, decision]) => ({ pattern, do: decision })) });
const calls = (...commands: string[]) => ({
  text: "",
  toolCalls: commands.map((command) => ({ name: "run_command", arguments: JSON.stringify({ command }) })),
});
const says = (text: string) => ({ text, toolCalls: [] });

it("lets the first rule that matches decide, and lets everything pass without one", () => {
  const policy = rules(["ls", "auto"], ["ssh target", "ask"], ["ssh", "deny"], ["*", "auto"]);
  expect(policy(calls("ssh target ls"))).toBeNull();
  expect(policy(calls("ssh target id"))).toMatchObject({ decision: "ask", pattern: "ssh target" });
  expect(policy(calls("ssh other"))).toMatchObject({ decision: "deny", pattern: "ssh" });
  expect(policy(says(""))).toBeNull();
  expect(rules(["ssh", "deny"])(calls("id"))).toBeNull();
});

it("looks at every call by itself, so that a harmless one lets no other through", () => {
  const policy = rules(["ls", "auto"], ["rm", "ask"], ["kill", "stop"]);
  expect(policy(calls("ls", "rm -rf /"))?.decision).toBe("ask");
  expect(policy(calls("rm x", "kill 1", "ls"))).toMatchObject({ decision: "stop", pattern: "kill" });
  expect(policy({ ...calls("ls"), text: "and now rm" })?.decision).toBe("ask");
});

it("finds an action under another spelling of its JSON, in calls and in text", () => {
  const policy = rules(["rm -rf", "deny"]);
  const spelled = String.raw`{"command":"r\u006d -rf \/"}`;
  expect(policy({ text: "", toolCalls: [{ name: "run_command", arguments: spelled }] })?.decision).toBe(
    "deny",
  );
  expect(policy(says(`Action:\n${spelled}`))?.decision).toBe("deny");
});

it("matches a call's name too", () => {
  expect(
    rules(["finish *", "ask"])({ text: "", toolCalls: [{ name: "finish", arguments: "{}" }] }),
  ).toMatchObject({
    action: "finish {}",
  });
});

it("shows a person what met the rule, however much is put in front of it, within bounds", () => {
  const policy = rules(["scp*target", "ask"]);
  const met = policy(says(`${"look, a kitten. ".repeat(5000)}scp -r . target:${"x".repeat(5000)}`));
  expect(met?.action).toContain("scp -r . target:");
  expect(met?.action).toContain("characters ...]");
  expect(met?.action.length).toBeLessThanOrEqual(2000);
  const many = policy(calls(...Array.from({ length: 32 }, () => "y".repeat(3000)), "scp a target:b"));
  expect(many?.action.startsWith("run_command")).toBe(true);
  expect(many?.action).toContain("scp a target:b");
  expect(many?.action.length).toBeLessThanOrEqual(2000);
});

it("shows the other parts of an answer too: who allows it, allows all of it", () => {
  const met = rules(["cat", "ask"])(calls("cat notes", "curl x"));
  expect(met?.action).toContain("cat notes");
  expect(met?.action).toContain("curl x");
});
