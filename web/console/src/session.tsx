import type { StaffClient, User } from '@buy-from-me/client';
import { noteAnswer } from '@buy-from-me/ui';
import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { CategoryList } from './category-list.ts';
import { forgetAll, keepFor } from './memory.ts';

/** Whether somebody is signed in. */
export type Session =
  | { readonly state: 'restoring' }
  | { readonly state: 'signed-in'; readonly user: User }
  /** `why`: by themselves, or because the session ended. */
  | { readonly state: 'signed-out'; readonly why?: 'left' | 'ended' };

const Staff = createContext<{ staff: StaffClient; categories: CategoryList; user: User | undefined } | undefined>(undefined);

/** Gives clients and user to all below it. */
export const StaffProvider = Staff.Provider;

function useShop() {
  const context = useContext(Staff);
  if (!context) throw new Error('there is no StaffProvider around this');
  return context;
}

/** Returns the staff's client. */
export function useStaff(): StaffClient {
  return useShop().staff;
}

/** Returns the list of categories. */
export function useCategoryList(): CategoryList {
  return useShop().categories;
}

/** Returns who is signed in. */
export function useUser(): User {
  const { user } = useShop();
  if (!user) throw new Error('nobody is signed in');
  return user;
}

/** Returns whether somebody is signed in, and a function that signs them out. */
export function useSession(staff: StaffClient): [Session, () => Promise<void>] {
  const [session, setSession] = useState<Session>({ state: 'restoring' });
  useEffect(() => {
    const take = (user: User | null) => {
      if (user) {
        noteAnswer();
        keepFor(user.userId);
        setSession({ state: 'signed-in', user });
      } else {
        setSession((before) => (before.state === 'signed-in' ? { state: 'signed-out', why: 'ended' } : before));
      }
    };
    const stop = staff.onUserChange(take);
    staff
      .restore()
      .catch(() => null)
      .then((user) => (user ? take(user) : setSession((before) => (before.state === 'restoring' ? { state: 'signed-out' } : before))));
    return stop;
  }, [staff]);
  const signOut = async () => {
    forgetAll();
    // What is shown goes at once, whether or not the shop hears of it.
    setSession({ state: 'signed-out', why: 'left' });
    await staff.signOut();
  };
  return [session, signOut];
}
