import { ShopProblem } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Failure, fieldErrors, focusFirstInvalid, href, Page, PasswordField, SignInEmailField, Submit, useAction, useSettings } from '@buy-from-me/ui';
import { useRef, useState } from 'preact/hooks';
import { isCheckoutKept, waitingToAdd } from '../kept.ts';
import { useSession, useShop } from '../shop.tsx';
import { useGoOn } from '../signing-in.ts';

/** Signs a customer in. */
export function SignInPage({ next }: { next: string | null }) {
  useGoOn(next);
  const { client } = useShop();
  const { ended } = useSession();
  const demo = useSettings().demo?.filter((account) => account.role === 'customer') ?? [];
  const [email, setEmail] = useState('');
  const [password, setPassword] = useState('');
  const form = useRef<HTMLFormElement>(null);
  const signIn = useAction(async (account: { email: string; password: string }) => {
    await client.signIn(account);
  });
  const { error, busy } = signIn;
  const errors = fieldErrors(error);
  const wrong = error instanceof ShopProblem && error.status === 401;

  const submit = async (event: Event) => {
    event.preventDefault();
    await signIn.run({ email, password });
    focusFirstInvalid(form.current);
  };
  return (
    <div class="narrow">
      <Page title={text.signIn.title} suffix={text.shop} lead={<p class="quiet">{text.signIn.lead}</p>}>
        <div class="stack-wide">
          {ended && <p class="notice notice-warn">{isCheckoutKept() ? text.signIn.endedKept : text.signIn.ended}</p>}
          {!ended && waitingToAdd() && <p class="notice">{text.signIn.toAdd}</p>}
          <form class="form" ref={form} noValidate onSubmit={(event) => void submit(event)}>
            {wrong && (
              <p class="notice notice-bad" role="alert">
                {text.signIn.wrong}
              </p>
            )}
            {error !== undefined && !wrong && <Failure error={error} />}
            <SignInEmailField
              label={text.signIn.email}
              value={email}
              onValue={setEmail}
              error={errors['/email']}
            />
            <PasswordField
              kind="current"
              label={text.signIn.password}
              value={password}
              onValue={setPassword}
              error={errors['/password']}
            />
            <Submit busy={busy}>{text.signIn.submit}</Submit>
          </form>
          <p>
            {text.signIn.newHere} <a href={href(['register'], { next: next ?? undefined })}>{text.signIn.register}</a>
          </p>
          {demo.length > 0 && (
            <section class="card stack" aria-labelledby="demo">
              <h2 id="demo">{text.signIn.demo}</h2>
              <p class="quiet">{text.signIn.demoText}</p>
              <p class="row">
                {demo.map((account) => (
                  <button
                    key={account.email}
                    type="button"
                    class="button"
                    aria-disabled={busy}
                    onClick={() => void signIn.run({ email: account.email, password: account.password })}
                  >
                    {text.signIn.demoAs(nameOf(account.email))}
                  </button>
                ))}
              </p>
            </section>
          )}
        </div>
      </Page>
    </div>
  );
}

/** Returns a demo account's name by its address: `alice@example.com` is Alice. */
function nameOf(email: string): string {
  const [name = email] = email.split('@');
  return name.charAt(0).toUpperCase() + name.slice(1);
}
