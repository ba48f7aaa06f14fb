import { startNats, type TestNats } from "../kit/nats.ts";

interface Skipped extends AsyncDisposable {
  readonly skipped: string;
}

/** `always`: each write of a stream is on disk before it is answered, which servers before 2.10 cannot be told. */
export async function startBenchNats(fsync: "default" | "always"): Promise<TestNats | Skipped> {
  try {
    return await startNats(fsync === "default" ? "" : "jetstream { sync_interval: always }");
  } catch (error) {
    if (fsync === "default") throw error;
    const why = error instanceof Error ? error.message.slice(0, 300) : String(error);
    return {
      skipped: `this nats-server does not start with sync_interval (it has it from 2.10 on): ${why}`,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
}
