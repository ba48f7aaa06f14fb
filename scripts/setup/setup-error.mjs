/** An expected end of setup: the message is for the person at the terminal and names the remedy. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {1 | 2} exitCode 1: something could not be had; 2: the machine or the folder is unfit
   */
  constructor(message, exitCode) {
    super(message);
    this.name = "SetupError";
    this.exitCode = exitCode;
  }
}
