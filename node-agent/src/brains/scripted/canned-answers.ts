import { QUESTION_SERVER } from "./question-server.ts";
import { serverDecoy } from "./server-decoy.ts";

/** Three times eight fixed phrases: that a few questions all get one text is a chance in a hundred thousand. */
export const CANNED_PROGRAM = `import { createHash } from "node:crypto";
const PHRASES = [
  ["A fine word", "An odd word", "A short word", "A good choice", "A rare find", "A plain word", "Well said", "A quiet word"],
  ["that rings", "that stays", "that travels", "that shines", "that waits", "that opens", "that turns", "that rests"],
  ["in the morning.", "at the door.", "by the river.", "over the hills.", "in the rain.", "after noon.", "under stars.", "on the road."],
];
const answerTo = (question) => {
  const digest = createHash("sha256").update(question).digest();
  return PHRASES.map((phrases, n) => phrases[digest[n] % phrases.length]).join(" ");
};
${QUESTION_SERVER}`;

/** Stored texts, chosen by a digest of the question: other questions get other answers, the same one the same. */
export const cannedAnswers = serverDecoy(CANNED_PROGRAM);
