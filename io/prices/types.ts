/** Decimal numbers as text, in the currency of their list: prices are never floats. */
export interface Price {
  /** Without tax. */
  net: string;
  /** With tax, where the cloud says it. */
  gross?: string;
}

/** What one account pays at one cloud, by the month. */
export interface PriceList {
  /** ISO 4217, as the cloud bills the account. */
  currency: string;
  /** Percent; absent where the cloud tells prices without tax only. */
  vatRate?: string;
  /** Server type → location → price. */
  servers: ReadonlyMap<string, ReadonlyMap<string, Price>>;
  /** Location → price of one public IPv4 address; absent where it costs nothing beside its server. */
  addresses?: ReadonlyMap<string, Price>;
}

export interface PriceSource {
  /** Default: the cloud's own API. */
  endpoint?: string | undefined;
  token: string;
  /** For one request. Default 20 s. */
  timeoutSeconds?: number;
}

/** A cloud that refused or did not answer; `message` says what was asked and what came back. */
export class PriceError extends Error {
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;
  constructor(status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PriceError';
    this.status = status;
  }
}
