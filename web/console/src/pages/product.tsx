import { ShopProblem, type StaffProduct } from '@buy-from-me/client';
import { console as text } from '@buy-from-me/text';
import { ConfirmDialog, Failure, Page, Waiting, announce, formatDate, formatMoney, href, navigate, useAction, useLatest } from '@buy-from-me/ui';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import { ProductStatusBadge, StockBadge } from '../parts/badges.tsx';
import { nameOfCategory, useCategories } from '../parts/category-choice.tsx';
import { EditProduct } from '../parts/edit-product.tsx';
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
  const failure = loaded.state === 'failed' && <Failure error={loaded.error} waiting={loaded.waiting} onRetry={again} />;
  // 400: what stands in the address can't be the id of a product.
  if (loaded.state === 'failed' && loaded.error instanceof ShopProblem && [400, 404].includes(loaded.error.status)) return <NoProduct />;
  if (!product) return <div class="page-head">{failure || <Waiting />}</div>;
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
        {failure}
        <Facts product={product} />
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

function Facts({ product }: { product: StaffProduct }) {
  const [categories] = useCategories();
  const rows: readonly [string, ComponentChildren][] = [
    [words.facts.price, formatMoney(product.price)],
    [words.facts.category, <a href={href(['products'], { category: product.category })}>{nameOfCategory(categories, product.category)}</a>],
    [words.facts.stock, <StockBadge pieces={product.available} />],
    [words.facts.sku, product.sku ? <span class="mono">{product.sku}</span> : words.noSku],
    [words.facts.created, <time dateTime={product.createdAt}>{formatDate(product.createdAt)}</time>],
    [words.facts.id, <span class="mono">{product.productId}</span>],
  ];
  return (
    <dl class="facts card">
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
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
    try {
      await staff.products.delete(product.productId);
    } catch (error) {
      // Somebody else was faster.
      if (!(error instanceof ShopProblem && error.status === 404)) throw error;
    }
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
          busy={remove.busy}
          onConfirm={() => void remove.run()}
          onClose={() => {
            setAsking(false);
            remove.clear();
          }}
        >
          {remove.error !== undefined && <Failure error={remove.error} />}
        </ConfirmDialog>
      )}
    </section>
  );
}

function NoProduct() {
  return (
    <Page title={words.missing.title} suffix={text.suffix}>
      <div class="stack">
        <p>{words.missing.text}</p>
        <p>
          <a href={href(['products'])}>{words.missing.back}</a>
        </p>
      </div>
    </Page>
  );
}
