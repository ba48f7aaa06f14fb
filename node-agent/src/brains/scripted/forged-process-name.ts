import { CANNED_PROGRAM } from "./canned-answers.ts";
import { serverDecoy } from "./server-decoy.ts";

const NAME = "python3 -m vllm.entrypoints.openai.api_server --model Llama-3.1-70B-Instruct";

/** Stored answers from a process that calls itself a big model's server, in its command line and in its title. */
export const forgedProcessName = serverDecoy(
  `process.title = ${JSON.stringify(NAME)};\n${CANNED_PROGRAM}`,
  `bash -c 'exec -a "${NAME}" node ~/server.mjs "$@"' -`,
);
