import { expect, it } from "vitest";
import {
  COPY,
  evidenceFrom,
  honestParts,
  openedFile,
  OTHER_DIGEST,
  scores,
  type Parts,
} from "./evidence-fixture.ts";
import { identityOf } from "./identity.ts";

const honest = honestParts();
const gradeOf = (change: Partial<Parts>) => identityOf(evidenceFrom(change), COPY).grade;
const foreign = { weights: { ...honest.weights, files: [openedFile({ shards: [OTHER_DIGEST] })] } };
const otherModel = { scoresByOriginal: { ...honest.scoresByOriginal, scores: scores(2) } };

it("grades by digest, then by behaviour, then by the tensors' names and shapes", () => {
  expect(gradeOf({})).toBe("identical");
  expect(gradeOf(foreign)).toBe("derived");
  expect(gradeOf({ ...foreign, ...otherModel })).toBe("same-family");
  expect(gradeOf({ ...foreign, calibration: null })).toBe("same-family");
  // The right files are open, but it is not they that answer.
  expect(gradeOf(otherModel)).toBe("same-family");
  const strange = {
    weights: { ...honest.weights, files: [openedFile({ shards: [OTHER_DIGEST], family: "" })] },
  };
  expect(gradeOf({ ...strange, ...otherModel })).toBe("unknown");
  expect(gradeOf({ weights: null })).toBe("unknown");
  expect(identityOf(evidenceFrom(), null).grade).toBe("unknown");
});
