import type { NodeId } from "../ids.ts";
import type { Shape } from "../scenario/shape.ts";

/** What one waiting trial needs, all of it at once. */
export interface Demand {
  readonly trial: string;
  readonly shape: Shape;
  readonly specimenSha256: string;
  readonly originLabels: Readonly<Record<string, string>>;
  readonly targetLabels: Readonly<Record<string, string>>;
  /** Its brain is no scripted control: every device needs a green containment self-test of its own boot. */
  readonly realModel: boolean;
  /** Nodes on which an earlier attempt of this trial failed; used only where nothing else fits. */
  readonly avoid: ReadonlySet<NodeId>;
}
