import type { KeyObject } from "node:crypto";
import type { JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import {
  controlAnswerSchema,
  COORDINATOR,
  signCommand,
  streams,
  subjects,
  type Command,
  type ControlAnswer,
  type CoordinatorName,
  type NodeId,
} from "@redline/shared";
import { ask, pause, type Logger, type Stored, type StreamPublisher } from "@redline/daemon";
import type { Bus } from "./bus.ts";
import type { Clock } from "./clock.ts";

export interface DispatcherPorts {
  readonly connection: NatsConnection;
  readonly publisher: Pick<StreamPublisher, "publish">;
  readonly jsm: JetStreamManager;
  readonly bus: Pick<Bus, "upSinceMs">;
  readonly key: KeyObject;
  /** This coordinator's name on the bus: answers come to it. "coordinator" when not given. */
  readonly name?: CoordinatorName;
  readonly epoch: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Ends all sending. */
  readonly signal: AbortSignal;
}

/** Wall time after which a node drops a command unread: wide, since clocks of nodes may differ. */
const EXPIRES_MS = 600_000;
/** A pulse is worth something for a moment only: clocks of nodes may differ by less than this. */
const PULSE_EXPIRES_MS = 60_000;
const RETRY_MS = 500;

/** Signs commands and carries them to nodes: durably over the stream, and fast over core NATS. */
export class Dispatcher {
  readonly #ports: DispatcherPorts;

  constructor(ports: DispatcherPorts) {
    this.#ports = ports;
  }

  /** This coordinator's term. */
  get epoch(): number {
    return this.#ports.epoch;
  }

  /**
   * Puts a command on the node's queue and tries until the stream has it, `wanted` says no, or the signal
   * aborts. `id` is the Msg-Id: a repeated one is stored once.
   * @returns where the message is, null when it was given up. `duplicate`: an earlier one of the same id, maybe of an older term, is the
   * one that counts.
   */
  async send(
    node: NodeId,
    id: string,
    order: Command["order"],
    wanted: () => boolean,
  ): Promise<Stored | null> {
    const { publisher, bus, log, signal } = this.#ports;
    while (!signal.aborted && wanted()) {
      // The client drops what is published without a connection and says so only by a timeout.
      if (bus.upSinceMs !== null)
        try {
          return await publisher.publish(subjects.command(node, order.verb), this.#sign(node, id, order), {
            msgId: id,
          });
        } catch (error) {
          log.warn({ err: error, node, command: id }, "command is not on the stream yet; trying again");
        }
      await pause(RETRY_MS, signal);
    }
    return null;
  }

  /** Takes a command that no node has read off the stream again. A failure leaves it to the command's expiry. */
  async withdraw(streamSeq: number): Promise<void> {
    try {
      await this.#ports.jsm.streams.deleteMessage(streams.commands, streamSeq, false);
    } catch (error) {
      this.#ports.log.debug({ err: error, streamSeq }, "command was not there to be withdrawn");
    }
  }

  /** Fast path, no answer asked for. Never the only path. */
  tell(node: NodeId, id: string, order: Command["order"]): void {
    if (this.#ports.bus.upSinceMs !== null)
      this.#ports.connection.publish(subjects.control(node), this.#sign(node, id, order));
  }

  /** Fast path with an answer; null when none that can be read came within `waitMs`. */
  async ask(
    node: NodeId,
    id: string,
    order: Command["order"],
    waitMs: number,
  ): Promise<ControlAnswer | null> {
    const { connection, name = COORDINATOR, clock, signal } = this.#ports;
    const route = { from: name, to: node, subject: subjects.control(node) };
    const deadline = clock.monoMs() + waitMs;
    // Ends at the deadline; "no responders" comes at once, and the node may be reconnecting.
    while (!signal.aborted && clock.monoMs() < deadline) {
      try {
        const left = Math.max(1, deadline - clock.monoMs());
        const reply = await ask(connection, route, this.#sign(node, id, order), left, signal);
        return controlAnswerSchema.parse(JSON.parse(reply.string()));
      } catch {
        await pause(Math.min(RETRY_MS, Math.max(0, deadline - clock.monoMs())), signal);
      }
    }
    return null;
  }

  #sign(node: NodeId, id: string, order: Command["order"]): string {
    const { epoch, clock, key } = this.#ports;
    const now = clock.now().getTime();
    const command: Command = {
      v: 1,
      id,
      aud: node,
      epoch,
      issuedAt: new Date(now).toISOString(),
      issuedMonoMs: clock.monoMs(),
      expiresAt: new Date(now + (order.verb === "pulse" ? PULSE_EXPIRES_MS : EXPIRES_MS)).toISOString(),
      order,
    };
    return JSON.stringify(signCommand(command, key));
  }
}
