// All text that the pages show, in English. A second language is a second file
// with the same members: `npm run build -- --language de` takes `de.ts`.
//
// Members that take values are functions, so that each language orders its words.

/** The language, as BCP 47 names it: for `<html lang>`, numbers, prices and dates. */
export const language = 'en';

/** What storefront and console share. */
export const ui = {
  loading: 'Loading …',
  tryAgain: 'Try again',
  goingOn: 'We keep trying.',
  close: 'Close',
  optional: 'optional',
  skipToContent: 'Skip to content',
  notFound: {
    title: 'Nothing here',
    text: 'There is no page at this address.',
    home: 'Back to the start',
  },
  problems: {
    down: (api: string) => `The shop at ${api} does not answer. It may be down, or your connection is.`,
    cors: (api: string, origin: string) =>
      `The shop at ${api} runs, but does not let pages from ${origin} read its answers (CORS): ` +
      `add this origin to its parameter AllowedOrigins.`,
    tooMany: (seconds: number) =>
      `That was too often. Please try again in ${seconds < 90 ? `${seconds} seconds` : `${Math.ceil(seconds / 60)} minutes`}.`,
    unavailable: 'The shop is busy right now. Nothing was lost.',
    signedOut: 'You are signed out. Please sign in again.',
    forbidden: 'You may not do this.',
    missing: 'This does not exist, or not any more.',
    conflict: 'Somebody changed this in the meantime.',
    invalid: 'Please look at the fields that are marked.',
    unknown: (requestId: string) => `Something went wrong. If you ask for help, name this number: ${requestId}`,
    broken: 'Something went wrong on this page. Please load it again.',
  },
};

/** The storefront's own. */
export const storefront = {};

/** The console's own. */
export const console = {};
