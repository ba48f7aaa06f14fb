import { jsonReply, type HttpReply, type HttpRequest } from "@redline/daemon";
import { isNoPerson } from "@redline/shared";
import type { z } from "zod";

export type SignedRequest<T> =
  { readonly ok: true; readonly data: T } | { readonly ok: false; readonly reply: HttpReply };

/** The body of a request that says who wants it and why; else a 422 whose problems each begin with the field's name. */
export async function signedBy<T extends { who: string; why: string }>(
  request: HttpRequest,
  schema: z.ZodType<T>,
): Promise<SignedRequest<T>> {
  const body = schema.safeParse(await request.json());
  if (!body.success) return { ok: false, reply: refused(problemsIn("", body.error)) };
  const problems = [
    ...(isNoPerson(body.data.who) || body.data.who.trim() === ""
      ? ["who: the name of a person, and of none of the instrument's own parts"]
      : []),
    ...(body.data.why.trim() === "" ? ["why: say why; it is kept in the journal"] : []),
  ];
  return problems.length === 0 ? { ok: true, data: body.data } : { ok: false, reply: refused(problems) };
}

/** `limits.turns: Too big: ...`; `at` is the place of the whole, empty for a body. */
export const problemsIn = (at: string, error: z.ZodError | undefined): string[] =>
  (error?.issues ?? []).map(({ path, message }) => {
    const place = [...(at === "" ? [] : [at]), ...path.map(String)].join(".");
    return place === "" ? message : `${place}: ${message}`;
  });

const refused = (problems: readonly string[]) => jsonReply({ problems }, 422);
