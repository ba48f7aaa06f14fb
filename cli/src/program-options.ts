import { InvalidArgumentError, type Command } from "commander";
import { z } from "zod";
import type { ExitCode } from "./exit-codes.ts";

/** Runs one command and keeps its exit code. */
export type Act = (command: () => Promise<ExitCode>) => Promise<void>;

/** Options that every command knows; commander gives them without types. */
const rootSchema = z.object({
  url: z.string().optional(),
  socket: z.string().optional(),
  tokenFile: z.string().optional(),
  insecureToken: z.boolean().optional(),
  state: z.string().optional(),
  json: z.boolean(),
});
export type RootOptions = z.infer<typeof rootSchema>;

/** Options of a command and of the root, parsed; `more` names the command's own. */
export function optionsOf(command: Command): RootOptions;
export function optionsOf<T extends z.ZodRawShape>(
  command: Command,
  more: T,
): RootOptions & z.infer<z.ZodObject<T>>;
export function optionsOf(command: Command, more: z.ZodRawShape = {}) {
  return z.object({ ...rootSchema.shape, ...more }).parse(command.optsWithGlobals());
}

/** An option's parser for whole numbers. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value < least)
      throw new InvalidArgumentError(`expected a whole number, at least ${least}.`);
    return value;
  };
}
