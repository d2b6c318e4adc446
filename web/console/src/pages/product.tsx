import type { Product, StaffProduct } from '@buy-from-me/client';
import { console as text, ui } from '@buy-from-me/text';
import { Failure, Page, formatDate, formatMoney, href, useLoad } from '@buy-from-me/ui';
import type { ComponentChildren } from 'preact';
import { findProduct } from '../catalogue.ts';
import { createdHere } from '../created-products.ts';
import { AvailabilityBadge } from '../parts/badges.tsx';
import { DoneNotice } from '../parts/notices.tsx';
import { PictureUpload } from '../parts/picture-upload.tsx';
import { atLeast } from '../roles.ts';
import { useCatalogue, useUser } from '../session.tsx';

const words = text.product;

/** Shows a product: as customers see it, and as the shop answered when it was created here. */
export function ProductPage({ productId }: { productId: string }) {
  const catalogue = useCatalogue();
  const user = useUser();
  const created = createdHere(productId);
  const [loaded, again] = useLoad((signal) => findProduct(catalogue, productId, signal), [catalogue, productId]);
  const product = loaded.state === 'ready' ? loaded.value : undefined;
  const isUnseen = loaded.state === 'ready' && !product && !created;
  const title = product?.name ?? created?.name ?? (isUnseen ? words.unseen.title : ui.loading);
  return (
    <Page title={title} suffix={text.suffix} lead={product && <StorefrontLink productId={productId} />}>
      <div class="stack-wide">
        {created && (
          <DoneNotice text={created.status === 'draft' ? words.createdDraft(created.name) : words.created(created.name)}>
            <a class="button" href={href(['products', 'new'])}>
              {words.another}
            </a>
          </DoneNotice>
        )}
        {loaded.state === 'failed' && <Failure error={loaded.error} waiting={loaded.waiting} onRetry={again} />}
        {isUnseen && <p>{words.unseen.text}</p>}
        {(product ?? created) && <Facts product={product} created={created} productId={productId} />}
        {product && <Pictures product={product} />}
        {/* An address that names no product is answered by the shop itself. */}
        {atLeast(user.role, 'admin') && (product ?? created ?? isUnseen) && <PictureUpload productId={productId} />}
      </div>
    </Page>
  );
}

/** Leads to what customers see, in a tab of its own: this one may be the only one that is signed in. */
function StorefrontLink({ productId }: { productId: string }) {
  return (
    <p>
      <a href={`../${href(['products', productId])}`} target="_blank" rel="noopener noreferrer">
        {words.storefront} <span aria-hidden="true">↗</span>
      </a>
    </p>
  );
}

function Facts(props: { product: Product | undefined; created: StaffProduct | undefined; productId: string }) {
  const { product, created } = props;
  const some = product ?? created;
  if (!some) return null;
  const rows: readonly [string, ComponentChildren][] = [
    [words.facts.price, formatMoney(some.price)],
    [words.facts.category, <a href={href(['products'], { category: some.category })}>{some.category}</a>],
    [words.facts.status, words.statuses[created && !product ? created.status : 'published']],
    product
      ? [words.facts.availability, <AvailabilityBadge availability={product.availability} />]
      : [words.facts.stock, created?.available],
    [words.facts.created, <time dateTime={some.createdAt}>{formatDate(some.createdAt)}</time>],
    [words.facts.id, <span class="mono">{props.productId}</span>],
  ];
  return (
    <>
      <dl class="facts card">
        {rows.map(([label, value]) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <section class="stack" aria-labelledby="description">
        <h2 id="description">{words.description}</h2>
        {some.description ? <p class="prose">{some.description}</p> : <p class="quiet">{words.noDescription}</p>}
      </section>
    </>
  );
}

function Pictures({ product }: { product: Product }) {
  return (
    <section class="stack" aria-labelledby="pictures">
      <h2 id="pictures">{words.pictures}</h2>
      {product.images.length === 0 ? (
        <p class="quiet">{words.noPictures}</p>
      ) : (
        <ul class="pictures">
          {product.images.map((it, index) => (
            <li key={it.imageId}>
              <img src={it.url} alt={words.pictureOf(product.name, index + 1)} width={it.width} height={it.height} loading="lazy" />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
