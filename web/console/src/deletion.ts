import { ShopProblem } from '@buy-from-me/client';

/** Waits for a deletion. What somebody else has deleted already is deleted, too. */
export async function untilDeleted(deletion: Promise<void>): Promise<void> {
  try {
    await deletion;
  } catch (error) {
    if (!(error instanceof ShopProblem && error.status === 404)) throw error;
  }
}
