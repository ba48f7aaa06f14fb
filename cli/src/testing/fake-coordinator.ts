import { join } from "node:path";
import { createLogger, jsonReply, startHttp, type HttpServer } from "@redline/daemon";
import {
  clearRequestSchema,
  submitRequestSchema,
  whyRequestSchema,
  type SubmitRequest,
} from "@redline/shared";
import { FIXTURE_ID } from "./fixture-journal.ts";

/** A coordinator's API over a journal that the test hands out piece by piece. */
export interface FakeCoordinator extends AsyncDisposable {
  readonly socketPath: string;
  readonly submitted: SubmitRequest[];
  /** Calls that end something, in their order. */
  readonly stops: string[];
  /** What `/api/nodes` answers. */
  nodes: readonly object[];
  otherVersions: readonly object[];
  /** Called for each order to a node with its path; gives the node's answer, null for none. */
  onOrder: (path: string) => object | null;
  /** Lets the journal be read up to this many lines. */
  show(lines: readonly string[]): void;
}

export async function startFakeCoordinator(
  dir: string,
  problems: string[] = [],
  study = FIXTURE_ID,
): Promise<FakeCoordinator> {
  const socketPath = join(dir, "api.sock");
  let lines: readonly string[] = [];
  const submitted: SubmitRequest[] = [];
  const stops: string[] = [];
  const stopped = { stopped: ["alpha", "beta"], silent: [], cancelledTrials: 1 };
  const fake: FakeCoordinator = {
    socketPath,
    submitted,
    stops,
    nodes: [],
    otherVersions: [],
    onOrder: () => null,
    show(more) {
      lines = more;
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  const server: HttpServer = await startHttp(
    { socketPath },
    [
      {
        method: "POST",
        path: /^\/api\/studies$/,
        handle: async (request) => {
          submitted.push(submitRequestSchema.parse(await request.json()));
          return problems.length > 0 ? jsonReply({ problems }, 422) : jsonReply({ study }, 201);
        },
      },
      {
        method: "GET",
        path: /^\/api\/journal$/,
        handle: async ({ query }) => {
          const after = Number(query.get("after"));
          if (lines.length <= after && query.get("waitMs") !== "0")
            await new Promise((done) => setTimeout(done, 10));
          // A few at a time, as over a long journal.
          return jsonReply({ lines: lines.slice(after, after + 7), head: lines.length });
        },
      },
      {
        method: "POST",
        path: /^\/api\/(stop|studies\/.*\/cancel)$/,
        handle: async (request) => {
          whyRequestSchema.parse(await request.json());
          stops.push(request.path);
          fake.onOrder(request.path);
          return jsonReply(stopped);
        },
      },
      {
        method: "POST",
        path: /^\/api\/nodes\/[^/]+\/(self-test|clear|drain|undrain)$/,
        handle: async (request) => {
          const schema = request.path.endsWith("/clear") ? clearRequestSchema : whyRequestSchema;
          schema.parse(await request.json());
          const answer = fake.onOrder(request.path);
          return answer === null ? jsonReply({ error: "the node did not answer" }, 504) : jsonReply(answer);
        },
      },
      {
        method: "GET",
        path: /^\/api\/nodes$/,
        handle: () => jsonReply({ nodes: fake.nodes, otherVersions: fake.otherVersions }),
      },
    ],
    createLogger("fake", "silent"),
  );
  return fake;
}
