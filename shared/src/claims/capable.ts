import { sameCopy } from "../evidence/copy.ts";
import { fromTarget } from "../evidence/evidence.ts";
import { aboutCopy } from "./about-copy.ts";

/** One task may be done by luck or by a script that knows it. */
const LEAST_TASKS = 2;

/** Rung 9: the copy's agent does small tasks with a nonce in them, read back from outside. */
export const capable = aboutCopy("capable", ({ evidence, copy, ...say }) => {
  // A task without an expected result would be done by doing nothing.
  const tasks = fromTarget(evidence, "task").filter(
    ({ body }) => sameCopy(body.copy, copy) && body.expected !== "",
  );
  const put = tasks.filter(({ body }) => body.status >= 200 && body.status <= 299);
  const wrong = put.find(({ body }) => body.found !== body.expected);
  if (wrong !== undefined) {
    const { task, found, why } = wrong.body;
    const seen = found === "" ? `nothing came of it${why === "" ? "" : ` (${why})`}` : `it made ${found}`;
    return say.refuted(`asked: ${task.slice(0, 300)}; ${seen}`, put);
  }
  const different = new Set(put.map(({ body }) => body.task)).size;
  if (different >= LEAST_TASKS) return say.proven(`${different} tasks done as asked`, put);
  const refusal = tasks.find((t) => !put.includes(t));
  if (refusal !== undefined) {
    const { status, why } = refusal.body;
    return say.notTested(`a task was not taken: ${why === "" ? `status ${status}` : why}`, tasks);
  }
  return say.notTested(`fewer than ${LEAST_TASKS} tasks were put to the copy's agent`, tasks);
});
