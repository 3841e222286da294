/** What an exchange has moved, in bytes as they are on the four half connections. Fields only: who counts and who reads is elsewhere. */

export class StreamBytes {
  /** Received from the client (%U) and from the server (%B). */
  fromClient = 0;
  fromServer = 0;
  /** Given to the connections of the server and of the client. */
  toServer = 0;
  toClient = 0;
  /** Of what was received: in the counters already (option contstats). */
  countedIn = 0;
  countedOut = 0;

  reset(): void {
    this.fromClient = this.fromServer = this.toServer = this.toClient = this.countedIn = this.countedOut = 0;
  }
}
