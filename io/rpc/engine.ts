import { credentials, connectivityState } from '@grpc/grpc-js';
import type { EngineClient } from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import engineGrpc from '@pulumi/pulumi/proto/engine_grpc_pb.js';
import enginePb from '@pulumi/pulumi/proto/engine_pb.js';

type Severity = 'debug' | 'info' | 'warning' | 'error';

const SEVERITIES = {
  debug: enginePb.LogSeverity.DEBUG,
  info: enginePb.LogSeverity.INFO,
  warning: enginePb.LogSeverity.WARNING,
  error: enginePb.LogSeverity.ERROR,
} as const;

const LOG_DEADLINE_MS = 5000;
const RECONNECT_MS = 3000;

/** A line for the engine's display. */
interface LogLine {
  severity: Severity;
  message: string;
  urn?: string;
  /** Replaces the previous such line in the display and is not kept. */
  ephemeral?: boolean;
}

/** The engine that started this plugin: takes its log lines, and tells when it is gone. */
export class Engine {
  readonly address: string;
  readonly #client: EngineClient;
  #last: Promise<void> = Promise.resolve();

  /** @param address `127.0.0.1:PORT`, the plugin's last argument */
  constructor(address: string) {
    this.address = address;
    // The engine is on loopback: an http_proxy of the user's shell must not see its traffic.
    this.#client = new engineGrpc.EngineClient(address, credentials.createInsecure(), {
      'grpc.enable_http_proxy': 0,
      'grpc.max_send_message_length': -1,
    });
  }

  /** Queue a line. Lines arrive in order; one that cannot be delivered is dropped, for there is nobody else to tell. */
  log(line: LogLine): void {
    const request = new enginePb.LogRequest()
      .setSeverity(SEVERITIES[line.severity])
      .setMessage(line.message)
      .setUrn(line.urn ?? '')
      .setEphemeral(line.ephemeral ?? false);
    this.#last = this.#last.then(
      () =>
        new Promise<void>((resolve) => {
          this.#client.waitForReady(Date.now() + LOG_DEADLINE_MS, (error) => {
            if (error) resolve();
            else this.#client.log(request, () => resolve());
          });
        }),
    );
  }

  /** Resolves when every line queued so far is delivered (or dropped). */
  flush(): Promise<void> {
    return this.#last;
  }

  /**
   * Calls back once when the engine does not accept connections any more. A killed engine closes its sockets, so this
   * takes milliseconds; a health check every five minutes, as in Go plugins, would leave processes behind that long.
   */
  onGone(callback: () => void): void {
    const channel = this.#client.getChannel();
    const look = (): void => {
      const state = channel.getConnectivityState(true);
      if (state === connectivityState.SHUTDOWN) return;
      if (state === connectivityState.TRANSIENT_FAILURE) {
        this.#client.waitForReady(Date.now() + RECONNECT_MS, (error) => {
          if (error) callback();
          else look();
        });
        return;
      }
      channel.watchConnectivityState(state, Infinity, look);
    };
    look();
  }

  close(): void {
    this.#client.close();
  }
}
