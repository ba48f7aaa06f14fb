import { isIPv4 } from "node:net";

/** Base URL of a model server on this machine, and where its bytes go. */
export interface BrainUrl {
  /** As a study names it and the node daemons are told: without a login, query or closing slash. */
  readonly url: string;
  /** Address on this machine's loopback; the hosts of the lab get a listener at the same. */
  readonly host: string;
  readonly port: number;
}

export type ReadBrainUrl =
  | { readonly ok: true; readonly brain: BrainUrl }
  | { readonly ok: false; readonly why: string; readonly remedy: string };

const HTTP_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

/**
 * Reads what `--brain-url` was given. A lab may be led to model servers of this machine's loopback and to nothing else: any other
 * address would be a way out of it.
 */
export function readBrainUrl(text: string): ReadBrainUrl {
  const no = (why: string, remedy: string): ReadBrainUrl => ({ ok: false, why: `${text}: ${why}`, remedy });
  const like = "an address like http://127.0.0.1:8000/v1";
  if (!URL.canParse(text)) return no("is no URL", like);
  const parsed = new URL(text);
  const usual = HTTP_PORTS[parsed.protocol];
  if (usual === undefined) return no("is neither http nor https", like);
  if (parsed.username !== "" || parsed.password !== "")
    return no("has a login in it", "keys are named in the study (apiKey) and lie in REDLINE_KEY_DIR");
  if (parsed.search !== "" || parsed.hash !== "" || parsed.href.includes(","))
    return no("has a query, a fragment or a comma in it", like);
  const host = parsed.hostname === "localhost" ? "127.0.0.1" : parsed.hostname;
  if (!isIPv4(host) || !host.startsWith("127."))
    return no(
      "is not on this machine's loopback (127.0.0.0/8, localhost), and a lab gets no other way out",
      "enrolled nodes and their coordinator, where the node's operator allows the address (REDLINE_BRAIN_URLS), with --url or --socket",
    );
  const port = parsed.port === "" ? usual : Number(parsed.port);
  return { ok: true, brain: { url: parsed.href.replace(/\/+$/, ""), host, port } };
}
