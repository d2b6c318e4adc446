import type { StaffProduct } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { ConfirmDialog, Failure, NotLoaded, Page, announce, formatDate, formatMoney, href, isMissing, navigate, useAction, useLatest } from '@buy-from-me/ui';
import { useState } from 'preact/hooks';
import { untilDeleted } from '../deletion.ts';
import { ProductStatusBadge, StockBadge } from '../parts/badges.tsx';
import { nameOfCategory, useCategories } from '../parts/category-choice.tsx';
import { DeadEnd } from '../parts/dead-end.tsx';
import { EditProduct } from '../parts/edit-product.tsx';
import { Facts } from '../parts/facts.tsx';
import { DoneNotice } from '../parts/notices.tsx';
import { ProductPictures } from '../parts/product-pictures.tsx';
import { StockForm } from '../parts/stock-form.tsx';
import { atLeast } from '../roles.ts';
import { useStaff, useUser } from '../session.tsx';

const words = text.product;

/** Shows a product, and lets it be changed as far as the role goes. `isNew`: it was just created. */
export function ProductPage({ productId, isNew }: { productId: string; isNew: boolean }) {
  const staff = useStaff();
  const user = useUser();
  const { value: product, loaded, again, set } = useLatest((signal) => staff.products.get(productId, { signal }), [staff, productId]);
  if (!product || isMissing(loaded)) {
    return <NotLoaded loaded={loaded} onRetry={again} missing={<DeadEnd {...words.missing} to={['products']} />} />;
  }
  return (
    <Page title={product.name} suffix={text.suffix} lead={<Lead product={product} />}>
      <div class="stack-wide">
        {isNew && (
          <DoneNotice text={product.status === 'draft' ? words.createdDraft(product.name) : words.created(product.name)}>
            <a class="button" href={href(['products', 'new'])}>
              {words.another}
            </a>
          </DoneNotice>
        )}
        {loaded.state === 'failed' && <Failure error={loaded.error} waiting={loaded.waiting} onRetry={again} />}
        <ProductFacts product={product} />
        {atLeast(user.role, 'admin') ? <EditProduct key={productId} product={product} onSaved={set} /> : <Description product={product} />}
        <StockForm product={product} onChanged={(available) => set({ ...product, available })} onStale={again} />
        <ProductPictures product={product} onStale={again} />
        {atLeast(user.role, 'super-admin') && <DeleteProduct product={product} />}
      </div>
    </Page>
  );
}

function Lead({ product }: { product: StaffProduct }) {
  return (
    <p class="row">
      <ProductStatusBadge status={product.status} />
      {product.status === 'published' && (
        // In a tab of its own: this one may be the only one that is signed in.
        <a href={`../${href(['products', product.productId])}`} target="_blank" rel="noopener noreferrer">
          {words.storefront} <span aria-hidden="true">↗</span>
        </a>
      )}
    </p>
  );
}

function ProductFacts({ product }: { product: StaffProduct }) {
  const [categories] = useCategories();
  const facts = [
    [words.facts.price, formatMoney(product.price)],
    [words.facts.category, <a href={href(['products'], { category: product.category })}>{nameOfCategory(categories, product.category)}</a>],
    [words.facts.stock, <StockBadge pieces={product.available} />],
    [words.facts.sku, product.sku ? <span class="mono">{product.sku}</span> : words.noSku],
    [words.facts.created, <time dateTime={product.createdAt}>{formatDate(product.createdAt)}</time>],
    [words.facts.id, <span class="mono">{product.productId}</span>],
  ] as const;
  return <Facts facts={facts} />;
}

function Description({ product }: { product: StaffProduct }) {
  return (
    <section class="stack" aria-labelledby="description">
      <h2 id="description">{words.description}</h2>
      {product.description ? <p class="prose">{product.description}</p> : <p class="quiet">{words.noDescription}</p>}
    </section>
  );
}

/** Deletes a product, after it has asked with its name. */
function DeleteProduct({ product }: { product: StaffProduct }) {
  const staff = useStaff();
  const [asking, setAsking] = useState(false);
  const remove = useAction(async () => {
    await untilDeleted(staff.products.delete(product.productId));
    announce(words.delete.done(product.name));
    navigate(href(['products']), { replace: true });
  });
  return (
    <section class="stack" aria-labelledby="delete">
      <h2 id="delete">{words.delete.title}</h2>
      <p class="quiet">{words.delete.lead}</p>
      <p>
        <button type="button" class="button button-danger" onClick={() => setAsking(true)}>
          {words.delete.open}
        </button>
      </p>
      {asking && (
        <ConfirmDialog
          title={words.delete.ask(product.name)}
          text={words.delete.text}
          confirm={words.delete.yes}
          cancel={text.cancel}
          action={remove}
          onConfirm={() => void remove.run()}
          onClose={() => setAsking(false)}
        />
      )}
    </section>
  );
}
