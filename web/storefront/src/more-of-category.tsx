import { storefront as text } from '@buy-from-me/text';
import { href, useLoad } from '@buy-from-me/ui';
import { useId } from 'preact/hooks';
import { Card, CardSkeletons } from './card.tsx';
import { useShop } from './shop.tsx';

/** How many products stand for their category. */
const MORE = 4;

/** Shows a few products of a category, without the one that the page is about, and leads to all of them. */
export function MoreOfCategory(props: { category: string; title: string; except?: string }) {
  const { client } = useShop();
  const id = useId();
  const { category, except } = props;
  const [loaded] = useLoad((signal) => client.products.list({ category, limit: MORE + 1 }, { signal }).page(), [category]);
  const others = loaded.state === 'ready' ? loaded.value.items.filter((it) => it.productId !== except) : [];
  return (
    <section class="stack-wide" aria-labelledby={id}>
      <div class="row row-apart">
        <h2 id={id}>{props.title}</h2>
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
