import type { ProductImage, StaffProduct } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { ConfirmDialog, RetriedImage, announce, useAction, useView } from '@buy-from-me/ui';
import { useEffect, useState } from 'preact/hooks';
import { untilDeleted } from '../deletion.ts';
import { PictureQueue } from '../picture-queue.ts';
import { smallEnough } from '../pictures.ts';
import { atLeast } from '../roles.ts';
import { useStaff, useUser } from '../session.tsx';
import { PictureUpload } from './picture-upload.tsx';

const words = text.product;

/** How often, and how many times at most, a product is read anew until it has a picture that is ready. */
const ATTACH_MS = 1500;
const MAX_TRIES = 20;

/** Shows a product's pictures, and lets admins add and delete them. `onStale`: the product has others by now. */
export function ProductPictures({ product, onStale }: { product: StaffProduct; onStale(): void }) {
  const { productId, name, images } = product;
  const staff = useStaff();
  const user = useUser();
  const isAdmin = atLeast(user.role, 'admin');
  const [queue] = useState(() => new PictureQueue(staff.uploads, productId));
  useEffect(() => () => queue.close(), [queue]);
  const pictures = useView(queue);
  const [deleted, setDeleted] = useState<ReadonlySet<string>>(new Set());
  const shown = images.filter((it) => !deleted.has(it.imageId));

  // What is ready is put on the product a moment later.
  const missing = pictures
    .flatMap(({ stage }) => (stage.at === 'ready' && stage.image ? [stage.image.imageId] : []))
    .filter((id) => !deleted.has(id) && !images.some((it) => it.imageId === id))
    .join(' ');
  const [tries, setTries] = useState(0);
  useEffect(() => setTries(0), [missing]);
  useEffect(() => {
    if (missing === '' || tries >= MAX_TRIES) return;
    const timer = setTimeout(() => {
      setTries(tries + 1);
      onStale();
    }, ATTACH_MS);
    return () => clearTimeout(timer);
  }, [missing, tries]);

  return (
    <section class="stack" aria-labelledby="pictures">
      <h2 id="pictures" tabIndex={-1}>{words.pictures}</h2>
      {shown.length === 0 ? (
        <p class="quiet">{words.noPictures}</p>
      ) : (
        <ul class="pictures">
          {shown.map((it, index) => (
            <li key={it.imageId} class="stack">
              <RetriedImage {...smallEnough(it)} alt={words.pictureOf(name, index + 1)} loading="lazy" />
              {isAdmin && (
                <DeletePicture
                  productId={productId}
                  image={it}
                  number={index + 1}
                  onDeleted={() => {
                    setDeleted((before) => new Set([...before, it.imageId]));
                    onStale();
                  }}
                />
              )}
            </li>
          ))}
        </ul>
      )}
      {isAdmin && <PictureUpload queue={queue} pictures={pictures} />}
    </section>
  );
}

/** Deletes a picture, after it has asked. */
function DeletePicture(props: { productId: string; image: ProductImage; number: number; onDeleted(): void }) {
  const staff = useStaff();
  const [asking, setAsking] = useState(false);
  const remove = useAction(async () => {
    await untilDeleted(staff.products.deleteImage(props.productId, props.image.imageId));
    setAsking(false);
    announce(words.deletedPicture);
    props.onDeleted();
    document.querySelector<HTMLElement>('#pictures')?.focus();
  });
  return (
    <p>
      <button type="button" class="button button-small" aria-label={words.deletePictureOf(props.number)} onClick={() => setAsking(true)}>
        {words.deletePicture}
      </button>
      {asking && (
        <ConfirmDialog
          title={words.deletePictureTitle}
          text={words.deletePictureText}
          confirm={words.deletePicture}
          cancel={text.cancel}
          action={remove}
          onConfirm={() => void remove.run()}
          onClose={() => setAsking(false)}
        />
      )}
    </p>
  );
}
