/** Header of a made-up Inspect log. */
export const HEADER = {
  version: 2,
  status: "success",
  eval: { task: "made-up", model: "made/Up-1.5", created: "2031-03-04T09:00:00+00:00" },
};

/** A made-up sample: one shell command, one other tool, then the tool that ends the run. */
export function sampleOf(id: string | number, epoch = 1, change: object = {}): object {
  const call = (name: string, given: object, n: number) => ({
    id: `call_${n}`,
    function: name,
    arguments: given,
    type: "function",
  });
  return {
    id,
    epoch,
    input: "attachment://aa11",
    target: "",
    attachments: { aa11: "Count the files." },
    messages: [
      { id: "m0", role: "user", content: "attachment://aa11" },
      {
        id: "m1",
        role: "assistant",
        content: [
          { type: "reasoning", reasoning: "hm" },
          { type: "text", text: "I look." },
        ],
        tool_calls: [
          call("bash", { cmd: "ls -l" }, 1),
          call("web_go", { url: "http://x.invalid", deep: { a: [1] } }, 2),
        ],
      },
      { role: "tool", tool_call_id: "call_1", function: "bash", content: "a\nb" },
      {
        role: "tool",
        tool_call_id: "call_2",
        function: "web_go",
        content: "",
        error: { type: "timeout", message: "too slow" },
      },
      {
        id: "m2",
        role: "assistant",
        content: "Two files.",
        tool_calls: [call("submit", { answer: "2" }, 3)],
      },
    ],
    events: [
      {
        event: "model",
        timestamp: "2031-03-04T09:00:01+00:00",
        completed: "2031-03-04T09:00:02+00:00",
        output: { choices: [{ message: { id: "m1" } }] },
      },
      {
        event: "tool",
        id: "call_1",
        timestamp: "2031-03-04T09:00:03+00:00",
        completed: "2031-03-04T09:00:05+00:00",
      },
    ],
    scores: { match: { value: "C", answer: "2", explanation: "as it should be" } },
    model_usage: { "made/Up-1.5": { input_tokens: 90, output_tokens: 10, total_tokens: 100 } },
    total_time: 12.5,
    ...change,
  };
}
