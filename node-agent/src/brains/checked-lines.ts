import { z } from "zod";
import { BrainError } from "./brain-error.ts";
import { linesOf } from "./lines-of.ts";
import { statusError } from "./status-error.ts";

/**
 * A `fetch` whose bodies are lines of JSON, each looked at before the client gets it: Ollama's client prints a line that it cannot
 * read, and what a server sends is not for our output. A line with an error ends the body with that error.
 */
export function checkedLines(inner: typeof fetch, onError: (error: BrainError) => void): typeof fetch {
  return async (input, init) => {
    const response = await inner(input, init);
    if (response.body === null) return response;
    const lines = checked(response.body, onError);
    const body = new ReadableStream<Uint8Array>({
      async pull(out) {
        try {
          const next = await lines.next();
          if (next.done === true) out.close();
          else out.enqueue(Buffer.from(`${next.value}\n`));
        } catch (cause) {
          out.error(cause);
        }
      },
      async cancel() {
        await lines.return(undefined);
      },
    });
    return new Response(body, { status: response.status, headers: response.headers });
  };
}

async function* checked(
  body: AsyncIterable<Uint8Array>,
  onError: (error: BrainError) => void,
): AsyncGenerator<string, undefined> {
  // Told before it is thrown: leaving the loop ends the request, which has an error of its own to tell.
  const told = (error: BrainError): BrainError => {
    onError(error);
    return error;
  };
  let any = false;
  for await (const line of linesOf(body)) {
    if (line.trim() === "") continue;
    let json: unknown;
    try {
      json = JSON.parse(line);
    } catch (cause) {
      throw told(new BrainError("bad_reply", "the answer is not JSON", { cause }));
    }
    const { data } = z.object({ error: z.unknown().optional() }).safeParse(json);
    // The client reads members without asking what it has.
    if (data === undefined) throw told(new BrainError("bad_reply", "the answer is no object"));
    if (data.error != null) throw told(statusError(200, line.slice(0, 65_536)));
    any = true;
    yield line;
  }
  if (!any) throw told(new BrainError("bad_reply", "the answer is empty"));
  return undefined;
}
