import type { Money, ProblemCode, ProblemDocument } from './types.ts';

/** A field that the shop refused, by its JSON pointer, such as `/price/amount`. */
export interface FieldError {
  pointer: string;
  detail: string;
}

/** What a problem tells besides what all of them do. */
interface Extras {
  /** Which products there is less of than was ordered. */
  'out-of-stock': { products: string[] };
  /** What the cart costs today. */
  'price-changed': { total: Money };
}

/** A problem as it was told; what the gateway says has no id. */
type ToldProblem = Omit<ProblemDocument, 'requestId'> & { requestId?: string };

/** What the shop answered instead of what it was asked for. */
class Problem extends Error {
  override name = 'ShopProblem';
  /** The status of HTTP. */
  readonly status: number;
  /** The stable word to tell problems apart by. */
  readonly code: ProblemCode;
  readonly title: string;
  /** A sentence in English. Pages had better choose their own text by `code`. */
  readonly detail: string;
  /** Every bad field, for `invalid`; else empty. */
  readonly errors: FieldError[];
  /** What to name when asking the shop's operator; the gateway's own answers have none. */
  readonly requestId?: string;
  /** After how many seconds it may be tried again, if the shop said so. */
  readonly retryAfter?: number;

  constructor(document: ToldProblem, retryAfter?: number) {
    super(`${document.status} ${document.code}: ${document.detail}`);
    const { type: _, ...told } = document;
    this.status = told.status;
    this.code = told.code;
    this.title = told.title;
    this.detail = told.detail;
    this.errors = told.errors ?? [];
    Object.assign(this, told, { errors: this.errors });
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
  }
}

/**
 * The shop's answer that something can't be done. `code` says what, and narrows
 * the type: `if (problem.code === 'price-changed') show(problem.total)`.
 */
export type ShopProblem<Code extends ProblemCode = ProblemCode> = Code extends ProblemCode
  ? Problem & { readonly code: Code } & (Code extends keyof Extras ? Readonly<Extras[Code]> : unknown)
  : never;
export const ShopProblem = Problem as unknown as {
  new (document: ToldProblem, retryAfter?: number): ShopProblem;
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
      type: 'about:blank',
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
