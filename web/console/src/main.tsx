import { createStaffClient } from '@buy-from-me/client';
import { run } from '@buy-from-me/ui';
import '@buy-from-me/ui/base.css';
import './console.css';
import { openCategories } from './category-list.ts';
import { Console } from './console.tsx';
import { watchForInvitations } from './invitation-token.ts';
import { hideWhileAway } from './leaving.ts';

watchForInvitations();
hideWhileAway();
void run(({ api }) => <Console staff={createStaffClient({ baseUrl: api })} categories={openCategories(api)} />);
