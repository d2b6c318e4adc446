import { type CustomerClient, type User, createCustomerClient, sessionTokenStore } from '@buy-from-me/client';
import { useView } from '@buy-from-me/ui';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { CartState, type CartView } from './cart-state.ts';
import { Categories } from './categories.ts';
import { Session, type SessionView } from './session.ts';

/** What all pages work on. */
export interface Shop {
  readonly client: CustomerClient;
  readonly session: Session;
  readonly cart: CartState;
  readonly categories: Categories;
}

/** Opens the shop whose API is at an address. */
export function openShop(api: string): Shop {
  const client = createCustomerClient({ baseUrl: api, tokenStore: sessionTokenStore() });
  const cart = new CartState(client);
  return { client, cart, session: new Session(client, cart), categories: new Categories() };
}

const Context = createContext<Shop | undefined>(undefined);

/** Gives the shop to all pages below it. */
export const ShopProvider = Context.Provider;

/** Returns the shop. */
export function useShop(): Shop {
  const shop = useContext(Context);
  if (!shop) throw new Error('no shop was given to this page');
  return shop;
}

/** Returns who is signed in; null for nobody, undefined as long as it isn't known. */
export function useSession(): SessionView {
  return useView(useShop().session);
}

/** Returns the cart. */
export function useCart(): CartView {
  return useView(useShop().cart);
}

const Person = createContext<User | undefined>(undefined);

/** Gives the one who is signed in to a page that is theirs alone. */
export const PersonProvider = Person.Provider;

/** Returns whose page this is. Pages that anybody may see have none. */
export function usePerson(): User {
  const person = useContext(Person);
  if (!person) throw new Error('this page is shown to nobody who is signed in');
  return person;
}
