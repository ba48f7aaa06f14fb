import { stat } from "node:fs/promises";
import {
  GeneralChatWrapper,
  getLlama,
  LlamaChat,
  LlamaLogLevel,
  type ChatModelFunctions,
  type GbnfJsonSchema,
} from "node-llama-cpp";
import type { BrainRequest } from "../brain.ts";
import { BrainError } from "../brain-error.ts";
import { historyOf } from "./history-of.ts";
import type { ChildOptions, ChildQuestion, FromChild } from "./protocol.ts";

type Answered = Omit<Extract<FromChild, { kind: "answer" }>, "kind" | "id">;

export interface LocalModel {
  /** One question at a time. @throws BrainError context_overflow, before anything is evaluated. */
  answer(question: ChildQuestion, signal: AbortSignal): Promise<Answered>;
}

/** The last token's place, and the one that the library keeps free. */
const KEPT_FREE_TOKENS = 2;

/** A smaller model than that is slower on many threads than on one: they wait for each other, and badly on a busy machine. */
const ONE_THREAD_BYTES = 256 * 1024 * 1024;

/**
 * A model from its file, by its own chat template where it has one, else by a plain one; on a GPU where there is one. Greedy unless
 * a temperature is given.
 * @throws where the file cannot be loaded.
 */
export async function loadLocalModel({ file, contextTokens }: ChildOptions): Promise<LocalModel> {
  const llama = await getLlama({
    build: "never",
    skipDownload: true,
    logLevel: LlamaLogLevel.disabled,
    logger: () => undefined,
  });
  const model = await llama.loadModel({ modelPath: file });
  const { size } = await stat(file);
  const context = await model.createContext({
    contextSize: Math.min(contextTokens, model.trainContextSize),
    threads: size < ONE_THREAD_BYTES ? 1 : llama.cpuMathCores,
  });
  const sequence = context.getSequence();
  // Without a template of its own the library would guess one by the model's name.
  const own = model.fileInfo.metadata.tokenizer.chat_template;
  const chat = new LlamaChat({
    contextSequence: sequence,
    chatWrapper: own === undefined ? new GeneralChatWrapper() : "auto",
  });

  return {
    async answer({ request, temperature, seed, maxTokens }, signal) {
      const history = historyOf(request.messages);
      const functions = functionsOf(request);
      const { contextText } = chat.chatWrapper.generateContextState({
        chatHistory: history,
        ...(functions === undefined ? {} : { availableFunctions: functions, documentFunctionParams: true }),
      });
      const promptTokens = contextText.tokenize(model.tokenizer).length;
      const room = context.contextSize - KEPT_FREE_TOKENS - promptTokens;
      if (room < 1) throw tooLong(promptTokens, context.contextSize);
      const before = sequence.tokenMeter.getState();
      const made = await chat.generateResponse(history, {
        signal,
        maxTokens: Math.min(maxTokens ?? room, room),
        ...(temperature === undefined ? {} : { temperature }),
        ...(seed === undefined ? {} : { seed }),
        ...(functions === undefined ? {} : { functions, documentFunctionParams: true }),
      });
      // The library would forget the oldest by a policy of its own.
      if (made.lastEvaluation.contextShiftMetadata != null) throw tooLong(promptTokens, context.contextSize);
      return {
        text: made.response,
        calls: (made.functionCalls ?? []).map((call) => ({
          name: call.functionName,
          arguments: JSON.stringify(paramsOf(call)),
        })),
        promptTokens,
        completionTokens: sequence.tokenMeter.diff(before).usedOutputTokens,
      };
    },
  };
}

/** What the grammar let through; a function without parameters has none. */
const paramsOf = ({ params }: { readonly params: unknown }): unknown => params ?? {};

const tooLong = (tokens: number, size: number) =>
  new BrainError("context_overflow", `the prompt has ${tokens} tokens, the context ${size}`);

function functionsOf({ tools }: BrainRequest): ChatModelFunctions | undefined {
  if (tools.length === 0) return undefined;
  return Object.fromEntries(
    tools.map(({ function: { name, description, parameters } }) => [
      name,
      {
        ...(description === undefined ? {} : { description }),
        ...(isSchema(parameters) ? { params: parameters } : {}),
      },
    ]),
  );
}

/** The library refuses by itself what it cannot make a grammar of. */
const isSchema = (value: unknown): value is GbnfJsonSchema =>
  typeof value === "object" && value !== null && "type" in value;
