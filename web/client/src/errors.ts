import type { FieldError, ProblemCode, ProblemDocument } from './types.ts';

/** A problem as it is told. What the gateway or the client says has no id. */
export interface ToldProblem {
  status: number;
  code: ProblemCode;
  title: string;
  detail: string;
  requestId?: string;
  errors?: FieldError[];
}

/** What the shop answered instead of what it was asked for. */
class Problem extends Error implements ToldProblem {
  override name = 'ShopProblem';
  /** The status of HTTP. */
  declare readonly status: number;
  /** The stable word to tell problems apart by. */
  declare readonly code: ProblemCode;
  declare readonly title: string;
  /** A sentence in English. Pages had better choose their own text by `code`. */
  declare readonly detail: string;
  /** Every bad field, by its JSON pointer, for `invalid`; else empty. */
  declare readonly errors: FieldError[];
  /** What to name when asking the shop's operator; the gateway's own answers have none. */
  declare readonly requestId?: string;
  /** After how many seconds it may be tried again, if the shop said so. */
  declare readonly retryAfter?: number;

  constructor(told: ToldProblem, retryAfter?: number) {
    super(`${told.status} ${told.code}: ${told.detail}`);
    Object.assign(this, { errors: [] }, told, retryAfter !== undefined && { retryAfter });
  }
}

/** What a problem of one code tells besides what all of them do, by the contract. */
type Extras<Code> = Omit<Extract<ProblemDocument, { code: Code }>, keyof ToldProblem | 'type'>;

/**
 * The shop's answer that something can't be done. `code` says what, and narrows
 * the type: `if (problem.code === 'price-changed') show(problem.total)`.
 */
export type ShopProblem<Code extends ProblemCode = ProblemCode> = Code extends ProblemCode
  ? Problem & { readonly code: Code } & Readonly<Extras<Code>>
  : never;
export const ShopProblem = Problem as unknown as {
  new (told: ToldProblem, retryAfter?: number): ShopProblem;
  readonly prototype: ShopProblem;
};

/** No answer came, or none that the shop could have given. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';

  constructor(cause: unknown, message?: string) {
    super(
      message ??
        'The shop gave no answer: it is down, or the network is, or, in a browser, it takes no ' +
          'calls from pages of this origin (CORS). A browser does not tell which.',
      { cause },
    );
  }
}

/**
 * The user signed out, or another one signed in, while a call was under way:
 * its answer is kept from whoever is there now. Whether the shop has done what
 * it was asked for is not known. The client itself gives this 401.
 */
export class SessionEnded extends Problem {
  constructor() {
    super({
      title: 'Session ended',
      status: 401,
      detail: 'The user signed out, or another one signed in, while this call was under way.',
      code: 'unauthenticated',
    });
    this.name = 'SessionEnded';
  }
}

/** The bucket refused a picture. */
export class UploadRefused extends Error {
  override readonly name = 'UploadRefused';
  /** The status of HTTP. */
  readonly status: number;
  /** The word of S3, such as `EntityTooLarge`; empty if it gave none. */
  readonly code: string;

  constructor(status: number, code: string) {
    super(`The bucket refused the file: ${status} ${code}`.trim());
    this.status = status;
    this.code = code;
  }
}
