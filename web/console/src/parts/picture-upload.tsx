import { ShopProblem, UploadRefused } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { Failure, RetriedImage, announce } from '@buy-from-me/ui';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { type PictureQueue, type QueuedPicture, type Stage, isSendable } from '../picture-queue.ts';
import { PICTURE_TYPES, smallEnough } from '../pictures.ts';
import { Form } from './form.tsx';
import { RefusedNotice } from './notices.tsx';

const words = text.upload;

/** Sends pictures of a product, and says of each what becomes of it. */
export function PictureUpload({ queue, pictures }: { queue: PictureQueue; pictures: readonly QueuedPicture[] }) {
  const id = useId();
  const input = useRef<HTMLInputElement>(null);
  const [missing, setMissing] = useState(false);
  useOutcomes(pictures);
  const isBusy = pictures.some(({ stage }) => stage.at === 'sending');
  const send = () => {
    const isAny = pictures.some(({ stage }) => isSendable(stage));
    setMissing(!isAny);
    if (isAny) void queue.send();
  };
  return (
    <Form class="form card" error={missing || undefined} onSubmit={send}>
      <h3>{words.title}</h3>
      <div class="field">
        <label for={id}>{words.choose}</label>
        <input
          ref={input}
          id={id}
          type="file"
          multiple
          accept={PICTURE_TYPES.join(',')}
          aria-invalid={missing ? 'true' : 'false'}
          aria-describedby={missing ? `${id}-hint ${id}-error` : `${id}-hint`}
          onChange={(event) => {
            setMissing(false);
            queue.add([...(event.currentTarget.files ?? [])]);
            // The list names them, so that the same file can be chosen once more.
            event.currentTarget.value = '';
          }}
        />
        <p class="field-hint" id={`${id}-hint`}>
          {words.hint}
        </p>
        {missing && (
          <p class="field-error" id={`${id}-error`} role="alert">
            {words.missing}
          </p>
        )}
      </div>
      {pictures.length > 0 && (
        <ul class="queue" aria-label={words.list}>
          {pictures.map((it) => (
            <Queued key={it.key} picture={it} onCancel={() => queue.cancel(it.key)} onRemove={() => queue.remove(it.key)} />
          ))}
        </ul>
      )}
      <p>
        <button type="submit" class="button button-primary" aria-busy={isBusy} aria-disabled={isBusy}>
          {words.submit}
        </button>
      </p>
    </Form>
  );
}

/** Tells once what became of each picture. */
function useOutcomes(pictures: readonly QueuedPicture[]): void {
  const told = useRef(new Set<string>());
  useEffect(() => {
    for (const { key, file, stage } of pictures) {
      if (told.current.has(key) || (stage.at !== 'ready' && stage.at !== 'rejected')) continue;
      told.current.add(key);
      announce(stage.at === 'ready' ? words.readyOf(file.name) : words.rejectedOf(file.name));
    }
  }, [pictures]);
}

function Queued({ picture, onCancel, onRemove }: { picture: QueuedPicture; onCancel(): void; onRemove(): void }) {
  const { file, stage } = picture;
  const isSending = stage.at === 'sending';
  return (
    <li class="queued">
      {stage.at === 'ready' && stage.image && <RetriedImage class="thumb" {...smallEnough(stage.image)} sizes="3rem" alt="" />}
      <div class="queued-words">
        <p>
          <strong>{file.name}</strong> <span class="quiet small">{words.size(file.size)}</span>
        </p>
        <Outcome stage={stage} name={file.name} />
      </div>
      {(stage.at !== 'judging' || stage.late) && (
        <button
          type="button"
          class="button button-small button-plain"
          aria-label={isSending ? words.cancelOf(file.name) : words.removeOf(file.name)}
          onClick={isSending ? onCancel : onRemove}
        >
          {isSending ? words.cancel : words.remove}
        </button>
      )}
    </li>
  );
}

/** Says where a picture stands. */
function Outcome({ stage, name }: { stage: Stage; name: string }) {
  switch (stage.at) {
    case 'chosen':
      return <p class="quiet">{words.waiting}</p>;
    case 'wrong':
      return (
        <p class="field-error" role="alert">
          {stage.why}
        </p>
      );
    case 'sending':
      return (
        <>
          <p class="quiet">{words.sending(stage.percent)}</p>
          <progress aria-label={words.sendingOf(name)} max={100} value={stage.percent} />
        </>
      );
    case 'cancelled':
      return <p class="quiet">{words.cancelled}</p>;
    case 'failed':
      return <UploadFailure error={stage.error} />;
    case 'judging':
      return <p class="quiet">{stage.late ? words.late : words.judging}</p>;
    case 'ready':
      return <p class="field-told">{words.ready}</p>;
    case 'rejected':
      return <p class="field-error">{stage.reason ? words.rejected(stage.reason) : words.rejectedPlainly}</p>;
  }
}

function UploadFailure({ error }: { error: unknown }) {
  if (error instanceof UploadRefused) return <RefusedNotice text={words.refused} />;
  if (error instanceof ShopProblem && error.status === 409) return <RefusedNotice text={words.full} />;
  if (error instanceof ShopProblem && error.errors.length > 0) {
    return <RefusedNotice text={error.errors.map((it) => `${it.pointer.slice(1)} ${it.detail}`).join('; ')} />;
  }
  return <Failure error={error} />;
}
