export { type AppSettings, run, useSettings } from './app.tsx';
export { formatDate, formatMoney, parseMoney } from './format.ts';
export { Failure, explain, type Explanation, useExplanation } from './failure.tsx';
export { Field, SelectField, Submit, fieldErrors } from './form.tsx';
export { useLoad, type Loaded } from './load.ts';
export { Announcements, announce } from './announce.tsx';
export { Page } from './page.tsx';
export { href, navigate, type Route, useRoute } from './router.ts';
