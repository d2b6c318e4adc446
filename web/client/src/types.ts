/** The values that the shop and its clients exchange, named as in the contract. */
import type { components } from './schema.ts';

type Schemas = components['schemas'];

export type Money = Schemas['Money'];
export type Role = Schemas['Role'];
/** What a sign-in or a refresh answers. */
export type SessionTokens = Schemas['Session'];
export type User = Schemas['User'];
export type UserStatus = Schemas['UserStatus'];
export type Availability = Schemas['Availability'];
export type ProductCard = Schemas['ProductCard'];
export type Product = Schemas['Product'];
export type ProductImage = Product['images'][number];
export type Cart = Schemas['Cart'];
export type CartLine = Cart['items'][number];
export type ShippingAddress = Schemas['ShippingAddress'];
export type PaymentMethod = Schemas['Checkout']['paymentMethod'];
export type CheckoutRequest = Schemas['Checkout'];
export type Order = Schemas['Order'];
export type OrderLine = Order['lines'][number];
export type OrderStatus = Schemas['OrderStatus'];
export type NewProduct = Schemas['NewProduct'];
export type StaffProduct = Schemas['StaffProduct'];
/** An upload that was sent, and what has come of it so far. */
export type SentUpload = Pick<Schemas['Upload'], 'uploadId' | 'status'>;
export type StaffUser = Schemas['StaffUser'];
export type Invitation = Schemas['Invitation'];
export type InvitedUser = Schemas['InvitedUser'];
export type UserChange = Omit<Schemas['UserChange'], 'version'>;
export type AuditEntry = Schemas['AuditEntry'];
export type ProblemDocument = Schemas['Problem'];
export type ProblemCode = ProblemDocument['code'];
export type PictureType = Schemas['UploadRequest']['contentType'];
/** How a list of products is sorted. */
export type ProductSort = 'newest' | 'price' | '-price' | 'name';
