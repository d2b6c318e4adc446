import type { Product } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Failure, NotLoaded, Page, Waiting, announce, formatMoney, href, navigate, pathTo, useAction, useLoad, useView } from '@buy-from-me/ui';
import { useState } from 'preact/hooks';
import { AvailabilityLabel } from '../availability.tsx';
import { Breadcrumbs } from '../breadcrumbs.tsx';
import { MoreOfCategory } from '../more-of-category.tsx';
import { keepToAdd } from '../kept.ts';
import { Picture } from '../picture.tsx';
import { Quantity, parseQuantity } from '../quantity.tsx';
import { useCart, useSession, useShop } from '../shop.tsx';

/** Shows one product, and puts it into the cart. */
export function ProductPage({ id }: { id: string }) {
  const { client } = useShop();
  const [loaded, again] = useLoad((signal) => client.products.get(id, { signal }), [id]);
  switch (loaded.state) {
    case 'loading':
      return <ProductSkeleton />;
    case 'failed':
      return <NotLoaded loaded={loaded} onRetry={again} missing={<NoProduct />} />;
    case 'ready':
      return <ProductView product={loaded.value} />;
  }
}

function ProductView({ product }: { product: Product }) {
  const [chosen, setChosen] = useState(0);
  const shop = useShop();
  const categories = useView(shop.categories);
  const nameOf = (slug: string) => shop.categories.nameOf(slug);
  const image = product.images[chosen];
  const count = product.images.length;
  return (
    <article class="product">
      <div class="product-pictures">
        <Picture
          url={image?.url ?? product.imageUrl}
          image={image}
          alt={count > 1 ? text.product.picture(chosen + 1, count) : ''}
          sizes="(min-width: 60rem) 40rem, 100vw"
          eager
        />
        {count > 1 && (
          <ul class="thumbnails">
            {product.images.map((it, index) => (
              <li key={it.imageId}>
                <button
                  type="button"
                  aria-label={text.product.picture(index + 1, count)}
                  aria-pressed={index === chosen}
                  onClick={() => setChosen(index)}
                >
                  <Picture url={it.variants[0]?.url ?? it.url} image={it} sizes="5rem" />
                </button>
              </li>
            ))}
          </ul>
        )}
      </div>
      <div class="product-words">
        <Page
          title={product.name}
          suffix={text.shop}
          lead={
            <>
              <p class="product-facts">
                <span class="product-price-large number">{formatMoney(product.price)}</span>
                <AvailabilityLabel availability={product.availability} />
              </p>
              <Breadcrumbs path={pathTo(categories, product.category)} />
            </>
          }
        >
          {product.description && <p class="product-description">{product.description}</p>}
          <AddToCart product={product} />
        </Page>
      </div>
      <div class="product-more">
        <MoreOfCategory category={product.category} except={product.productId} title={text.product.moreOf(nameOf(product.category))} />
      </div>
    </article>
  );
}

function AddToCart({ product }: { product: Product }) {
  const shop = useShop();
  const { user } = useSession();
  const { cart } = useCart();
  const [typed, setTyped] = useState('1');
  const { productId, name } = product;
  const quantity = parseQuantity(typed);
  const held = cart?.items.find((line) => line.productId === productId)?.quantity ?? 0;
  const add = useAction(async () => {
    if (quantity === undefined) return;
    if (!user) {
      keepToAdd({ productId, name, quantity });
      navigate(href(['sign-in'], { next: href(['products', productId]) }));
      return;
    }
    await shop.cart.add(productId, quantity);
    announce(text.product.added(name));
  });
  if (product.availability === 'out-of-stock') return <p class="notice">{text.product.soldOut}</p>;
  return (
    <form
      class="add-to-cart"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void add.run();
      }}
    >
      <div class="row add-row">
        <Quantity
          label={text.product.quantity}
          fewer={text.product.fewer}
          more={text.product.more}
          value={typed}
          onValue={setTyped}
        />
        <button type="submit" class="button button-primary button-wide" aria-busy={add.busy} aria-disabled={add.busy}>
          {text.product.add}
        </button>
      </div>
      {quantity === undefined && <p class="field-error">{text.product.noQuantity}</p>}
      {user === null && <p class="small quiet">{text.product.signInFirst}</p>}
      {held > 0 && (
        <p class="small">
          {text.product.inCart(held)} <a href={href(['cart'])}>{text.product.toCart}</a>
        </p>
      )}
      {add.error !== undefined && <Failure error={add.error} onRetry={() => void add.run()} />}
    </form>
  );
}

function NoProduct() {
  return (
    <Page title={text.product.notFound} suffix={text.shop} lead={<p class="quiet">{text.product.notFoundText}</p>}>
      <p>
        <a class="button" href={href([])}>
          {text.products.seeAll}
        </a>
      </p>
    </Page>
  );
}

function ProductSkeleton() {
  return (
    <div class="product" aria-busy="true">
      <div class="product-pictures">
        <span class="picture skeleton" />
      </div>
      <div class="product-words page-head">
        <Waiting quiet />
        <span class="skeleton skeleton-title" />
        <span class="skeleton skeleton-line" />
        <span class="skeleton skeleton-line skeleton-short" />
      </div>
    </div>
  );
}
