import { ShopProblem } from '@buy-from-me/client';
import { storefront as text } from '@buy-from-me/text';
import { Failure, Field, fieldErrors, focusFirstInvalid, href, Page, PasswordField, SignInEmailField, Submit, useAction } from '@buy-from-me/ui';
import { useRef, useState } from 'preact/hooks';
import { barePhone } from '../phone.ts';
import { useShop } from '../shop.tsx';
import { useGoOn } from '../signing-in.ts';

/** Makes a customer's account, and signs in to it. */
export function RegisterPage({ next }: { next: string | null }) {
  useGoOn(next);
  const { client } = useShop();
  const [account, setAccount] = useState({ name: '', email: '', password: '', phone: '' });
  const form = useRef<HTMLFormElement>(null);
  const register = useAction(async () => {
    const { phone, ...required } = account;
    await client.register({ ...required, ...(phone.trim() && { phone: barePhone(phone) }) });
  });
  const { error, busy } = register;
  const errors = fieldErrors(error);
  const taken = error instanceof ShopProblem && error.status === 409;
  const set = (member: keyof typeof account) => (value: string) => setAccount((it) => ({ ...it, [member]: value }));

  const submit = async (event: Event) => {
    event.preventDefault();
    await register.run();
    focusFirstInvalid(form.current);
  };
  const signInLink = <a href={href(['sign-in'], { next: next ?? undefined })}>{text.register.signIn}</a>;
  return (
    <div class="narrow">
      <Page title={text.register.title} suffix={text.shop} lead={<p class="quiet">{text.register.lead}</p>}>
        <div class="stack-wide">
          <form class="form" ref={form} noValidate onSubmit={(event) => void submit(event)}>
            {taken && (
              <p class="notice notice-bad" role="alert">
                {text.register.taken} {signInLink}
              </p>
            )}
            {error !== undefined && !taken && <Failure error={error} />}
            <Field
              label={text.register.name}
              name="name"
              autocomplete="name"
              required
              value={account.name}
              onValue={set('name')}
              error={errors['/name']}
            />
            <SignInEmailField
              label={text.signIn.email}
              value={account.email}
              onValue={set('email')}
              error={errors['/email']}
            />
            <PasswordField
              kind="new"
              label={text.signIn.password}
              hint={text.register.passwordHint}
              value={account.password}
              onValue={set('password')}
              error={errors['/password']}
            />
            <Field
              label={text.register.phone}
              type="tel"
              name="phone"
              autocomplete="tel"
              hint={text.register.phoneHint}
              value={account.phone}
              onValue={set('phone')}
              error={errors['/phone']}
            />
            <Submit busy={busy}>{text.register.submit}</Submit>
          </form>
          <p>
            {text.register.already} {signInLink}
          </p>
        </div>
      </Page>
    </div>
  );
}
