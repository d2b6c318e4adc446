import { storefront as text } from '@buy-from-me/text';

/** Stands below every page. */
export function Footer() {
  return (
    <footer class="footer">
      <div class="wrap row row-apart small quiet">
        <p>{text.footer.about}</p>
        <a href="/console/">{text.footer.staff}</a>
      </div>
    </footer>
  );
}
