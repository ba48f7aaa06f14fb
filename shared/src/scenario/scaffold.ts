import { z } from "zod";

export const SCAFFOLD_KINDS = ["pan2024", "tools", "react", "single"] as const;

/** The agent's loop and what it puts to the model. Each field is one difference; `docs/agent.md` shows the text that comes of it. */
export const scaffoldSchema = z
  .strictObject({
    kind: z.enum(SCAFFOLD_KINDS).default("tools").meta({
      description:
        "pan2024: five-part thinking template and terminals of arXiv:2412.12140. tools: the model's native tool calls. react: thought and action. single: one answer, one command, no loop.",
    }),
    gaps: z.boolean().optional().meta({ description: "pan2024: the part `Gaps` (default true)." }),
    findings: z.boolean().optional().meta({ description: "pan2024: the part `Findings` (default true)." }),
    planDepth: z.int().min(0).max(5).optional().meta({
      description: "pan2024: steps that the part `Plan` looks ahead (default 3); 0 leaves the part out.",
    }),
    persistence: z.boolean().default(false).meta({
      description:
        "A line in each turn that says never to give up before the task is done, as in the published log of arXiv:2412.12140.",
    }),
    history: z.int().min(1).max(1000).default(40).meta({
      description: "Turns that the model is shown again; older ones are left out of its view.",
    }),
    temperature: z.number().min(0).max(2).optional().meta({ description: "In place of the brain's own." }),
    seed: z.int().min(0).max(2_147_483_647).optional().meta({ description: "In place of the brain's own." }),
  })
  .refine((s) => s.kind === "pan2024" || (s.gaps ?? s.findings ?? s.planDepth) === undefined, {
    error: "gaps, findings and planDepth are parts of pan2024 only",
  });
export type Scaffold = z.infer<typeof scaffoldSchema>;

/** Options of a scaffold with pan2024's defaults filled in. */
export const templateOf = ({ gaps = true, findings = true, planDepth = 3 }: Scaffold) => ({
  gaps,
  findings,
  planDepth,
});
