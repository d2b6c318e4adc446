/** What the shop and its clients tell each other, by the contract. */
import type { components, operations } from './schema.ts';

type Schemas = components['schemas'];
type Query<Operation extends keyof operations> = NonNullable<operations[Operation]['parameters']['query']>;
/** A query without what a list sees to itself. */
type Filter<Operation extends keyof operations> = Omit<Query<Operation>, 'cursor'>;

export type Money = Schemas['Money'];
export type Role = Schemas['Role'];
export type StaffRole = Schemas['StaffRole'];
/** Who is signed in. */
export type User = Schemas['SessionUser'];
export type UserStatus = Schemas['UserStatus'];
export type Credentials = Schemas['SignInRequest'];
export type Registration = Schemas['Registration'];
export type PasswordChange = Schemas['PasswordChange'];
/** What a sign-in or a refresh answers. */
export type SessionTokens = Schemas['Session'];

export type Availability = Schemas['Availability'];
export type ProductCard = Schemas['ProductCard'];
export type Product = Schemas['Product'];
export type ProductImage = Schemas['Image'];
export type ProductSort = Schemas['ProductSort'];
export type ProductFilter = Filter<'list-products'>;

export type Cart = Schemas['Cart'];
export type CartItem = Schemas['CartItem'];
export type CheckoutRequest = Schemas['CheckoutRequest'];
export type ShippingAddress = Schemas['ShippingAddress'];
export type PaymentMethod = Schemas['PaymentMethod'];

export type Order = Schemas['Order'];
export type OrderLine = Schemas['OrderLine'];
export type OrderStatus = Schemas['OrderStatus'];
export type OrderFilter = Filter<'get-orders'>;

export type NewProduct = Schemas['NewProduct'];
export type ProductStatus = Schemas['ProductStatus'];
export type StaffProduct = Schemas['StaffProduct'];
export type PictureType = Schemas['PictureType'];
export type Upload = Schemas['Upload'];

/** A person as a super-admin sees them. */
export type StaffUser = Schemas['User'];
export type Invitation = Schemas['Invitation'];
export type InvitationAcceptance = Schemas['InvitationAcceptance'];
/** Someone who was invited. The token is shown once: a replayed answer has none. */
export type InvitedUser = StaffUser & Partial<Pick<Schemas['InvitedUser'], 'invitation'>>;
/** A role, a status, or both. */
export type UserChange = { role: Role; status?: 'active' | 'disabled' } | { role?: Role; status: 'active' | 'disabled' };
export type UserFilter = Filter<'admin-list-users'>;

export type AuditEntry = Schemas['AuditEntry'];
export type AuditAction = Schemas['AuditAction'];
export type AuditFilter = Filter<'admin-list-audit'>;

export type ProblemDocument = Schemas['Problem'];
export type ProblemCode = ProblemDocument['code'];
/** A field that the shop refused, by its JSON pointer, such as `/price/amount`. */
export type FieldError = Schemas['InvalidField'];
