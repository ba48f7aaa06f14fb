import type { BrainSpec, Study } from "@redline/shared";

/**
 * What to tell a person before a study runs in a lab, whose network has no uplink: brains that cannot be reached from it, all in one
 * sentence, and what helps. Null where there is nothing to say.
 * @param brainUrls base URLs that the lab is led to (`--brain-url`).
 */
export function noWayOut({ brains }: Pick<Study, "brains">, brainUrls: readonly string[]): string | null {
  const missed = Object.entries(brains).flatMap(([name, brain]) => {
    const url = addressOf(brain);
    return url === null || isCovered(url, brainUrls) ? [] : [{ text: `${name} (${brain.provider})`, url }];
  });
  if (missed.length === 0) return null;
  const names = missed.map(({ text }) => text).join(", ");
  const urls = [...new Set(missed.map(({ url }) => url))];
  const here = urls.filter(isLoopback).map((url) => `--brain-url ${url}`);
  const remedies = [
    ...(here.length === 0 ? [] : [`for a model server on this machine add ${here.join(" ")}`]),
    ...(here.length === urls.length
      ? []
      : ["for one elsewhere run the study on enrolled nodes, with --url or --socket"]),
  ];
  return `warning: the lab has no way out of its network: ${names} cannot be reached from it; ${remedies.join("; ")}`;
}

function addressOf(brain: BrainSpec): string | null {
  if (brain.provider === "ollama") return brain.host;
  return brain.provider === "openai" ? brain.baseUrl : null;
}

/** As a node daemon compares: the same scheme, host and port, and the path or one below it. */
function isCovered(url: string, bases: readonly string[]): boolean {
  const asked = new URL(url);
  return bases.some((text) => {
    if (!URL.canParse(text)) return false;
    const base = new URL(text);
    return (
      asked.origin === base.origin && `${asked.pathname}/`.startsWith(`${base.pathname.replace(/\/+$/, "")}/`)
    );
  });
}

const isLoopback = (url: string) => /^(?:localhost|127\.\d+\.\d+\.\d+)$/.test(new URL(url).hostname);
