import { type SentUpload, ShopProblem, UploadRefused } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Failure, useAction } from '@buy-from-me/ui';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { PICTURE_TYPES, pictureError } from '../pictures.ts';
import { useStaff } from '../session.tsx';
import { Form } from './form.tsx';
import { RefusedNotice } from './notices.tsx';

const words = text.upload;

/** A file that was chosen, and the key that makes all its tries one upload. */
interface Chosen {
  readonly file: File;
  readonly key: string;
}

/** Sends pictures of a product, one at a time, and says what becomes of each. */
export function PictureUpload({ productId }: { productId: string }) {
  const staff = useStaff();
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const cancel = useRef<AbortController | undefined>(undefined);
  const [chosen, setChosen] = useState<Chosen>();
  const [mistake, setMistake] = useState<string>();
  const [percent, setPercent] = useState(0);
  const [cancelled, setCancelled] = useState(false);
  const [sent, setSent] = useState<readonly { name: string; upload: SentUpload }[]>([]);
  useEffect(() => () => cancel.current?.abort(), []);

  const send = useAction(async () => {
    const wrong = chosen ? pictureError(chosen.file) : words.missing;
    setMistake(wrong);
    setCancelled(false);
    if (wrong !== undefined || !chosen) return;
    const { file, key } = chosen;
    const controller = new AbortController();
    cancel.current = controller;
    setPercent(0);
    let upload: SentUpload;
    try {
      upload = await staff.uploads.send(productId, file, {
        idempotencyKey: key,
        signal: controller.signal,
        onProgress: (done, total) => setPercent(total > 0 ? Math.floor((100 * done) / total) : 0),
      });
    } catch (error) {
      if (!controller.signal.aborted) throw error;
      setCancelled(true);
      return;
    }
    setSent((before) => [{ name: file.name, upload }, ...before]);
    setChosen(undefined);
    if (input.current) input.current.value = '';
  });

  return (
    <section class="stack" aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{words.title}</h2>
      {sent.map(({ name, upload }) => (
        <p key={upload.uploadId} class={`notice ${OUTCOMES[upload.status].look}`} role="status">
          {OUTCOMES[upload.status].say(name)}
        </p>
      ))}
      <Form class="form card" error={mistake} onSubmit={() => void send.run()}>
        {send.error !== undefined && <UploadFailure error={send.error} />}
        {cancelled && (
          <p class="notice" role="status">
            {words.cancelled}
          </p>
        )}
        <div class="field">
          <label for={id}>{words.choose}</label>
          <input
            ref={input}
            id={id}
            type="file"
            accept={PICTURE_TYPES.join(',')}
            disabled={send.busy}
            aria-invalid={mistake ? 'true' : 'false'}
            aria-describedby={mistake ? `${id}-hint ${id}-error` : `${id}-hint`}
            onChange={(event) => {
              const file = event.currentTarget.files?.[0];
              setChosen(file && { file, key: crypto.randomUUID() });
              setMistake(file && pictureError(file));
              setCancelled(false);
              send.clear();
            }}
          />
          <p class="field-hint" id={`${id}-hint`}>
            {words.hint} {chosen && words.chosen(chosen.file.name, words.size(chosen.file.size))}
          </p>
          {mistake && (
            <p class="field-error" id={`${id}-error`} role="alert">
              {mistake}
            </p>
          )}
        </div>
        {send.busy && chosen && (
          <div class="field">
            <label for={`${id}-progress`}>{words.sending(chosen.file.name, percent)}</label>
            <progress id={`${id}-progress`} max={100} value={percent} />
          </div>
        )}
        <p class="row">
          <button type="submit" class="button button-primary" aria-busy={send.busy} disabled={send.busy}>
            {words.submit}
          </button>
          {send.busy && (
            <button type="button" class="button" onClick={() => cancel.current?.abort()}>
              {words.cancel}
            </button>
          )}
        </p>
      </Form>
    </section>
  );
}

/** What to say of an upload, by its status. */
const OUTCOMES: Readonly<Record<SentUpload['status'], { look: string; say: (name: string) => string }>> = {
  pending: { look: 'notice-warn', say: words.sent },
  ready: { look: 'notice-good', say: words.ready },
  rejected: { look: 'notice-bad', say: words.rejected },
};

function UploadFailure({ error }: { error: unknown }) {
  if (error instanceof UploadRefused) return <RefusedNotice text={words.refused} />;
  if (error instanceof ShopProblem && error.errors.length > 0) {
    return <RefusedNotice text={error.errors.map((it) => `${it.pointer.slice(1)} ${it.detail}`).join('; ')} />;
  }
  return <Failure error={error} />;
}
