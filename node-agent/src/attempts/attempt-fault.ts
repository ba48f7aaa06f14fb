import type { Fault } from "@redline/shared";
import { SshError } from "../ssh/ssh-error.ts";

/** An infra fault ends an attempt at once; the fault table says whether another attempt can help. */
export class AttemptFault extends Error {
  override readonly name = "AttemptFault";
  readonly fault: Fault;
  constructor(fault: Fault, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.fault = fault;
  }
}

/** The attempt was cancelled from outside: no fault, no verdict. */
export class AttemptCancelled extends Error {
  override readonly name = "AttemptCancelled";
}

/** What an error means for an attempt. SSH is used in every phase: what it lost needs no name where it is used. */
export function faultOf(error: unknown): Fault {
  if (error instanceof AttemptFault) return error.fault;
  return error instanceof SshError ? "ssh-failed" : "unexpected";
}

/** Runs a step and turns what it throws into the given fault, unless it already has one or was cancelled. */
export async function orFault<T>(fault: Fault, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof AttemptFault || error instanceof AttemptCancelled) throw error;
    throw new AttemptFault(fault, error instanceof Error ? error.message : String(error), { cause: error });
  }
}
