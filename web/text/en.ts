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
    downOrCors: (api: string, origin: string) =>
      `The shop at ${api} does not answer this page. It may be down, or your connection is, or it does not ` +
      `let pages from ${origin} read its answers (CORS): then add this origin to its parameter AllowedOrigins.`,
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
export const console = {
  name: 'Buy From Me',
  label: 'Console',
  suffix: 'Console',
  menu: 'Console',
  account: 'Your account',
  roles: {
    customer: 'Customer',
    staff: 'Staff',
    admin: 'Admin',
    'super-admin': 'Super-admin',
  },
  statuses: {
    active: 'Active',
    disabled: 'Disabled',
    invited: 'Invited',
  },
  availabilities: {
    'in-stock': 'In stock',
    'low-stock': 'Few left',
    'out-of-stock': 'Sold out',
  },
  fields: {
    email: 'E-mail address',
    name: 'Name',
    role: 'Role',
    status: 'Status',
    password: 'Password',
  },
  passwordHint: '15 to 128 characters. A few words that nobody connects with you are good.',
  listed: (count: number) => (count === 1 ? 'One entry' : `${count} entries`),
  nextPage: 'Next page',
  firstPage: 'First page',
  apply: 'Show',
  cancel: 'Cancel',
  forbidden: {
    title: 'Not for your role',
    text: (needed: string, role: string) => `This page is for the role “${needed}” and above. You are signed in as “${role}”.`,
    home: 'Back to the start',
  },

  nav: {
    home: 'Start',
    products: 'Products',
    users: 'People',
    audit: 'Audit log',
    password: 'Change password',
    signOut: 'Sign out',
  },

  signIn: {
    title: 'Sign in',
    lead: 'For the people who run this shop.',
    submit: 'Sign in',
    wrong: 'Address or password is wrong, or the account is closed.',
    tooMany: (minutes: number, time: string) =>
      `Too many tries: a staff account may be tried a few times in 15 minutes. ` +
      `The next try is possible ${minutes <= 1 ? 'in a minute' : `in ${minutes} minutes`}, at ${time}.`,
    ended: 'Your session has ended. Sign in, and go on where you were.',
    signedOut: 'You are signed out.',
    couldNotTell: 'You are signed out here, but the shop did not answer: it ends the session by itself later.',
    already: (name: string) => `You are signed in as ${name}.`,
    demo: 'Demo accounts',
    demoLead: 'This shop is a demo. Sign in by one click as:',
  },

  home: {
    title: (name: string) => `Hello, ${name}`,
    lead: (role: string) => `You are signed in with the role “${role}”. This is what you can do here.`,
    products: { title: 'Products', text: 'See what is published in the shop.' },
    newProduct: { title: 'New product', text: 'Put something on sale, or keep it as a draft, and add pictures.' },
    users: { title: 'People', text: 'See staff and customers, change roles, close and reopen accounts.' },
    invite: { title: 'Invite somebody', text: 'Give a colleague an account of their own.' },
    audit: { title: 'Audit log', text: 'Read who did what, when, and to what.' },
    password: { title: 'Password', text: 'Change your password. All your other sessions end.' },
  },

  password: {
    title: 'Change password',
    lead: 'All your other sessions end; this one goes on.',
    current: 'Present password',
    next: 'New password',
    submit: 'Change password',
    done: 'Your password is changed. All other sessions have ended.',
  },

  invitation: {
    title: 'Welcome to the staff',
    lead: 'Choose a password, and your account is ready.',
    submit: 'Set password',
    noToken: 'This page needs the link that you were sent. Please open it again.',
    badToken:
      'This link does not work any more: it was used, it is older than 72 hours, or a newer one was made. ' +
      'Ask whoever invited you for another.',
    done: 'Your password is set. You can sign in now.',
    signIn: 'To the sign-in',
  },

  products: {
    title: 'Products',
    lead: 'What is published, the newest first. Drafts don’t show: the shop has no list of them yet.',
    new: 'New product',
    caption: 'Published products',
    none: 'Nothing is published yet.',
    noneOfCategory: (category: string) => `Nothing is published in “${category}”.`,
    category: 'Category',
    all: 'All',
    columns: { picture: 'Picture', name: 'Name', category: 'Category', price: 'Price', availability: 'Availability' },
  },

  product: {
    lead: 'As customers see it.',
    facts: { price: 'Price', category: 'Category', availability: 'Availability', stock: 'Stock', status: 'Status', created: 'Created', id: 'Id' },
    statuses: { draft: 'Draft', published: 'Published' },
    created: (name: string) => `“${name}” is created.`,
    createdDraft: (name: string) =>
      `“${name}” is created as a draft: customers don’t see it. Note its id: the shop can’t list drafts yet.`,
    another: 'Create another',
    description: 'Description',
    noDescription: 'It has none.',
    unseen: {
      title: 'Not published',
      text: 'Customers see no product with this id: it is a draft, or there is none. Drafts can’t be shown here yet.',
    },
    pictures: 'Pictures',
    pictureOf: (name: string, number: number) => `Picture ${number} of ${name}`,
    noPictures: 'It has no pictures yet.',
  },

  newProduct: {
    title: 'New product',
    lead: 'A draft is seen by nobody; a published product is in the shop at once.',
    name: 'Name',
    nameHint: '3 to 200 characters.',
    description: 'Description',
    price: (currency: string) => `Price (${currency})`,
    priceHint: 'Such as 19.99.',
    stock: 'Pieces in stock',
    category: 'Category',
    categoryHint: 'Lower-case words joined by hyphens, such as coffee-mugs.',
    status: 'Status',
    draft: 'Draft',
    published: 'Published: in the shop at once',
    submit: 'Create product',
    discard: 'Clear the form',
    errors: {
      name: 'must be 3 to 200 characters',
      price: 'must be an amount such as 19.99',
      category: 'must be lower-case words of letters and digits joined by hyphens',
      stock: 'must be a whole number, such as 12',
    },
  },

  upload: {
    title: 'Add a picture',
    choose: 'Picture',
    hint: 'JPEG, PNG or WebP, at most 5 MB.',
    submit: 'Upload',
    wrongType: 'This is not a JPEG, PNG or WebP picture.',
    tooLarge: (size: string) => `This file has ${size}. At most 5 MB (5,242,880 bytes) are possible.`,
    empty: 'This file is empty.',
    missing: 'Please choose a picture first.',
    size: (bytes: number) =>
      bytes < 1024 * 1024 ? `${Math.max(1, Math.round(bytes / 1024))} kB` : `${(bytes / 1024 / 1024).toFixed(1)} MB`,
    chosen: (name: string, size: string) => `${name}, ${size}`,
    sending: (name: string, percent: number) => `Sending ${name}: ${percent} %`,
    cancel: 'Cancel',
    cancelled: 'The upload is cancelled.',
    refused: 'The shop’s storage refused the file. Please try again, or choose another.',
    sent: (name: string) =>
      `${name} has arrived and waits to be processed. The shop can’t process pictures yet, ` +
      `so it does not show in the storefront; a file that waits longer than a day is deleted.`,
    rejected: (name: string) => `${name} was rejected: the shop could not read it as a picture.`,
    ready: (name: string) => `${name} is ready.`,
  },

  users: {
    title: 'People',
    lead: 'Everybody with an account. A change works on their very next request.',
    invite: 'Invite somebody',
    caption: 'People',
    filter: 'Filter',
    allStaff: 'All staff',
    anyStatus: 'Any status',
    customers: 'Customers',
    none: 'Nobody matches this filter.',
    columns: { name: 'Name', email: 'E-mail address', role: 'Role', status: 'Status', since: 'Since', actions: 'Actions' },
    you: 'you',
    change: 'Change',
    changeOf: (name: string) => `Change ${name}`,
  },

  changeUser: {
    title: (name: string) => `Change ${name}`,
    save: 'Save',
    saved: (name: string) => `${name} is changed.`,
    yourself: 'This is your own account: if you change it, you are signed out.',
    customerRole: 'A customer stays a customer: the staff are invited.',
    invited: 'The invitation is not accepted yet.',
    inviteAgain: 'Make a new link',
    inviteAgainHint: 'The link that was sent before ends.',
    conflict: {
      title: 'Changed in the meantime',
      text: (name: string) => `Somebody else has changed ${name} since you opened this. Nothing of yours is saved. Please decide again.`,
      now: 'It is now',
      yours: 'You chose',
      gone: 'The account is not there any more.',
    },
    refused: (why: string) => `The shop refuses this: ${why}`,
  },

  invite: {
    title: 'Invite somebody',
    lead: 'The shop makes a link, which is shown once. You send it to them; it works for 72 hours.',
    submit: 'Make the invitation',
    taken: 'One of the staff has an account with this address already.',
    linkTitle: (name: string) => `Invitation for ${name}`,
    link: 'Link',
    linkHint: (until: string) => `Works once, until ${until}. It is shown only now: who has it can set the password.`,
    copy: 'Copy link',
    copied: 'The link is copied.',
    notCopied: 'Copying did not work. The link is selected: copy it by hand.',
    lost: (name: string) =>
      `${name} is invited, but the answer with the link was lost, and it is shown once only. ` +
      `Make the invitation anew: the lost link ends.`,
    anew: 'Make it anew',
    another: 'Invite another',
    back: 'Back to people',
    roleHints: {
      staff: 'Staff may look.',
      admin: 'Admins create products and upload pictures.',
      'super-admin': 'Super-admins also manage people and read the audit log.',
    },
  },

  audit: {
    title: 'Audit log',
    lead: 'The newest first. Records can’t be changed or deleted by anybody.',
    caption: 'Records',
    show: 'Records of',
    scopes: { day: 'Everybody', actor: 'One person', target: 'One thing' },
    day: 'Day (UTC)',
    dayHint: 'Empty: today.',
    dayHintOne: 'Empty: all days.',
    id: 'Id',
    actorHint: 'A user’s id, or: unknown, schedule, operator.',
    targetHint: 'The id of a user, a product or a key.',
    idMissing: 'Please give an id.',
    badFilter: 'The shop does not understand this filter. Please check id and day.',
    earlier: 'The day before',
    later: 'The day after',
    none: 'No records.',
    columns: { at: 'Time', actor: 'Who', action: 'What', target: 'To what', changes: 'Details', requestId: 'Request' },
    actors: { unknown: 'Unknown', schedule: 'The shop, on schedule', operator: 'Operator' },
    actions: {
      'account-registered': 'Account made',
      'password-changed': 'Password changed',
      'signed-out-everywhere': 'Signed out everywhere',
      'refresh-token-reused': 'Used token shown again; session ended',
      'user-invited': 'Invited',
      'invitation-accepted': 'Invitation accepted',
      'role-changed': 'Role changed',
      'status-changed': 'Status changed',
      'product-created': 'Product created',
      'upload-granted': 'Upload allowed',
      'signing-key-rotated': 'Signing key replaced',
      'frontend-trusted': 'Frontend trusted',
      'frontend-removed': 'Frontend removed',
    } as Readonly<Record<string, string>>,
    changed: (field: string, before: string, after: string) => `${field}: ${before} → ${after}`,
    set: (field: string, after: string) => `${field}: ${after}`,
    touched: (field: string) => field,
    onlyBy: (who: string) => `Only what ${who} did`,
    onlyTo: (what: string) => `Only what was done to ${what}`,
  },
};
