import { type Product, ShopProblem } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Failure, Page, Waiting, announce, formatMoney, href, navigate, useAction, useLoad } from '@buy-from-me/ui';
import { useEffect, useState } from 'preact/hooks';
import { AvailabilityLabel } from '../availability.tsx';
import { Card, CardSkeletons } from '../card.tsx';
import { keepToAdd } from '../kept.ts';
import { Picture } from '../picture.tsx';
import { Quantity, parseQuantity } from '../quantity.tsx';
import { useCart, useSession, useShop } from '../shop.tsx';

/** How many others of its category stand below a product. */
const MORE = 4;

/** Shows one product, and puts it into the cart. */
export function ProductPage({ id }: { id: string }) {
  const { client, categories } = useShop();
  const [loaded, again] = useLoad((signal) => client.products.get(id, { signal }), [id]);
  useEffect(() => {
    if (loaded.state !== 'ready') return;
    categories.see([loaded.value]);
    void categories.learn(client);
  }, [loaded]);

  switch (loaded.state) {
    case 'loading':
      return <ProductSkeleton />;
    case 'failed': {
      const { error } = loaded;
      if (error instanceof ShopProblem && error.status === 404) return <NoProduct />;
      return (
        <div class="page-head">
          <Failure error={error} waiting={loaded.waiting} onRetry={again} />
        </div>
      );
    }
    case 'ready':
      return <ProductView product={loaded.value} />;
  }
}

function ProductView({ product }: { product: Product }) {
  const [chosen, setChosen] = useState(0);
  const image = product.images[chosen];
  const count = product.images.length;
  return (
    <article class="product">
      <div class="product-pictures">
        <Picture
          url={image?.url ?? product.imageUrl}
          {...(image && { image })}
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
                  <Picture url={it.url} />
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
            <p class="product-facts">
              <span class="product-price-large number">{formatMoney(product.price)}</span>
              <AvailabilityLabel availability={product.availability} />
            </p>
          }
        >
          {product.description && <p class="product-description">{product.description}</p>}
          <AddToCart product={product} />
        </Page>
      </div>
      <MoreOfCategory product={product} />
    </article>
  );
}

/** Shows a few others of the same category, and leads to all of them. */
function MoreOfCategory({ product }: { product: Product }) {
  const { client } = useShop();
  const { category, productId } = product;
  const [loaded] = useLoad((signal) => client.products.list({ category, limit: MORE + 1 }, { signal }).page(), [category]);
  const others = loaded.state === 'ready' ? loaded.value.items.filter((it) => it.productId !== productId) : [];
  return (
    <section class="product-more stack-wide" aria-labelledby="more">
      <div class="row row-apart">
        <h2 id="more">{text.product.moreOf(text.category(category))}</h2>
        <a href={href(['products'], { category })}>{text.products.seeCategory}</a>
      </div>
      {loaded.state === 'loading' && <CardSkeletons count={MORE} />}
      {others.length > 0 && (
        <ul class="cards">
          {others.slice(0, MORE).map((it) => (
            <Card key={it.productId} product={it} level="h3" />
          ))}
        </ul>
      )}
    </section>
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
