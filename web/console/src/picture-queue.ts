// Pictures on their way to a product: sent one after the other, then judged by the shop.
import { ConnectionError, type ProductImage, ShopProblem, type StaffClient } from '@buy-from-me/client';
import { pictureError } from './pictures.ts';

/** Where a picture stands. */
export type Stage =
  | { readonly at: 'chosen' }
  /** It is none that the shop would take: `why` says what is wrong. */
  | { readonly at: 'wrong'; readonly why: string }
  | { readonly at: 'sending'; readonly percent: number }
  | { readonly at: 'cancelled' }
  | { readonly at: 'failed'; readonly error: unknown }
  /** It has arrived. `late`: this takes longer than it should. */
  | { readonly at: 'judging'; readonly late: boolean }
  | { readonly at: 'ready'; readonly image: ProductImage | undefined }
  | { readonly at: 'rejected'; readonly reason: string | undefined };

/** A picture that was chosen. */
export interface QueuedPicture {
  /** The idempotency key that makes all its tries one upload. */
  readonly key: string;
  readonly file: File;
  readonly stage: Stage;
}

/** The pauses between two questions what became of a picture, in milliseconds; the last one again and again. */
const PAUSES = [500, 500, 1000, 1000, 2000];
/** After how many milliseconds a picture is late, and the pause from then on. */
const LATE_AFTER_MS = 90_000;
const LATE_PAUSE_MS = 15_000;

type Uploads = Pick<StaffClient['uploads'], 'send' | 'get'>;

/** The pictures that are chosen for one product. */
export class PictureQueue {
  #view: readonly QueuedPicture[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #closed = new AbortController();
  #sending: { key: string; controller: AbortController } | undefined;

  constructor(
    private readonly uploads: Uploads,
    private readonly productId: string,
    private readonly pause: (milliseconds: number) => Promise<void> = (it) => new Promise((done) => setTimeout(done, it)),
  ) {}

  get view(): readonly QueuedPicture[] {
    return this.#view;
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Adds files. What the shop would refuse anyway is said at once, and not sent. */
  add(files: readonly File[]): void {
    const added = files.map((file): QueuedPicture => {
      const why = pictureError(file);
      return { key: crypto.randomUUID(), file, stage: why === undefined ? { at: 'chosen' } : { at: 'wrong', why } };
    });
    this.#show([...this.#view, ...added]);
  }

  /** Takes a picture off the list. One that is being sent is cancelled. */
  remove(key: string): void {
    this.cancel(key);
    this.#show(this.#view.filter((it) => it.key !== key));
  }

  /** Ends the sending of a picture. */
  cancel(key: string): void {
    if (this.#sending?.key === key) this.#sending.controller.abort();
  }

  /** Sends all that wait, one after the other, and those once more that failed or were cancelled. */
  async send(): Promise<void> {
    if (this.#sending) return;
    // Each one once: what fails again waits for the next click.
    const keys = this.#view.filter(({ stage }) => isSendable(stage)).map((it) => it.key);
    for (const key of keys) {
      const picture = this.#view.find((it) => it.key === key);
      if (picture && isSendable(picture.stage) && !this.#closed.signal.aborted) await this.#sendOne(picture);
    }
  }

  /** Stops everything, for the page is left. */
  close(): void {
    this.#closed.abort();
    this.#sending?.controller.abort();
  }

  async #sendOne({ key, file }: QueuedPicture): Promise<void> {
    const controller = new AbortController();
    this.#sending = { key, controller };
    this.#set(key, { at: 'sending', percent: 0 });
    try {
      const { uploadId } = await this.uploads.send(this.productId, file, {
        idempotencyKey: key,
        signal: controller.signal,
        onProgress: (sent, total) =>
          this.#set(key, { at: 'sending', percent: total > 0 ? Math.floor((100 * sent) / total) : 0 }),
      });
      this.#set(key, { at: 'judging', late: false });
      void this.#judge(key, uploadId);
    } catch (error) {
      this.#set(key, controller.signal.aborted ? { at: 'cancelled' } : { at: 'failed', error });
    } finally {
      this.#sending = undefined;
    }
  }

  /** Asks what became of an upload until that is known, or the picture is off the list. */
  async #judge(key: string, uploadId: string): Promise<void> {
    let waited = 0;
    for (let tries = 0; ; tries++) {
      const isLate = waited >= LATE_AFTER_MS;
      if (isLate) this.#set(key, { at: 'judging', late: true });
      const pause = isLate ? LATE_PAUSE_MS : (PAUSES[Math.min(tries, PAUSES.length - 1)] ?? LATE_PAUSE_MS);
      await this.pause(pause);
      waited += pause;
      if (this.#closed.signal.aborted || !this.#view.some((it) => it.key === key)) return;
      try {
        const state = await this.uploads.get(uploadId, { signal: this.#closed.signal });
        if (state.status === 'ready') return this.#set(key, { at: 'ready', image: state.image });
        if (state.status === 'rejected') return this.#set(key, { at: 'rejected', reason: state.reason });
      } catch (error) {
        if (this.#closed.signal.aborted) return;
        // The picture is there: what passes is waited for.
        const passes = error instanceof ConnectionError || (error instanceof ShopProblem && (error.status === 429 || error.status >= 500));
        if (!passes) return this.#set(key, { at: 'failed', error });
      }
    }
  }

  #set(key: string, stage: Stage): void {
    this.#show(this.#view.map((it) => (it.key === key ? { ...it, stage } : it)));
  }

  #show(view: readonly QueuedPicture[]): void {
    this.#view = view;
    this.#listeners.forEach((listener) => listener());
  }
}

/** Whether a picture waits to be sent, or may be once more. */
export function isSendable({ at }: Stage): boolean {
  return at === 'chosen' || at === 'failed' || at === 'cancelled';
}
