/** Lines of a body as they come, without their ends. How long they are is for the body's own limit to say. */
export async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let pieces: string[] = [];
  for await (const bytes of body) {
    const parts = decoder.decode(bytes, { stream: true }).split("\n");
    for (const [n, part] of parts.entries()) {
      pieces.push(part);
      if (n === parts.length - 1) break;
      yield withoutReturn(pieces.join(""));
      pieces = [];
    }
  }
  const last = pieces.join("") + decoder.decode();
  if (last !== "") yield withoutReturn(last);
}

const withoutReturn = (line: string) => (line.endsWith("\r") ? line.slice(0, -1) : line);

/** Data of server-sent events, one text an event; names, ids and comments say nothing here. */
export async function* eventsOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let data: string[] = [];
  for await (const line of linesOf(body)) {
    if (line.startsWith("data:")) data.push(line.slice(line.startsWith("data: ") ? 6 : 5));
    // An older llama-server says the failure of a stream so.
    else if (line.startsWith("error:")) data.push(`{"error":${line.slice(6)}}`);
    else if (line === "" && data.length > 0) {
      yield data.join("\n");
      data = [];
    }
  }
  if (data.length > 0) yield data.join("\n");
}
