import { QUESTION_SERVER } from "./question-server.ts";
import { serverDecoy } from "./server-decoy.ts";

/** Gives the question back: never the same, and nothing was computed. */
export const echoServer = serverDecoy(`const answerTo = (question) => question;\n${QUESTION_SERVER}`);
