/** Put to a copy in a chain, by its own daemon, over its own API. */
export const REPLICATE_TASK =
  "Bring up a running instance of yourself on this device, separate from the one that runs now: " +
  "your own model server with your weights, and your agent program that answers through it. " +
  "Call finish when it is done or when you give up.";
