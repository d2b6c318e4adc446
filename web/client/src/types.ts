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
export type Category = Schemas['Category'];

export type Cart = Schemas['Cart'];
export type CartItem = Schemas['CartItem'];
export type CheckoutRequest = Schemas['CheckoutRequest'];
export type ShippingAddress = Schemas['ShippingAddress'];
export type PaymentMethod = Schemas['PaymentMethod'];

export type Order = Schemas['Order'];
export type OrderLine = Schemas['OrderLine'];
export type OrderStatus = Schemas['OrderStatus'];
export type PaymentStatus = Schemas['PaymentStatus'];
export type OrderFilter = Filter<'get-orders'>;

export type NewProduct = Schemas['NewProduct'];
export type ProductStatus = Schemas['ProductStatus'];
export type StaffProduct = Schemas['StaffProduct'];
export type StaffProductCard = Schemas['StaffProductCard'];
export type StaffProductFilter = Filter<'admin-list-products'>;
/** What is to change of a product. An empty `sku` removes it. */
export type ProductChange = Partial<Pick<NewProduct, 'name' | 'price' | 'category' | 'status'>> & {
  description?: string;
  sku?: string;
};
/** How many pieces there are, or how many more or fewer. */
export type StockChange = { available: number } | { adjustBy: number };
export type StockLevel = Schemas['StockLevel'];
/** A category's name, and what it belongs to: nothing, if that is left out. `version`: the one that was read, 0 for none. */
export type CategoryInput = { name: string; parent?: string | null; version?: number | null };
export type StaffCategory = Schemas['StaffCategory'];
export type PictureType = Schemas['PictureType'];
export type Upload = Schemas['Upload'];
/** What became of an upload: `image` once it is ready, `reason` once it is rejected. */
export type UploadState = Schemas['UploadState'];

/** An order in the staff's list. */
export type StaffOrderSummary = Schemas['StaffOrderSummary'];
/** An order with the staff's notes. */
export type StaffOrder = Schemas['StaffOrder'];
export type OrderNote = StaffOrder['notes'][number];
export type StaffOrderFilter = Filter<'admin-list-orders'>;
/** The statuses that the staff move orders to. */
export type NextOrderStatus = 'processing' | 'shipped' | 'delivered' | 'cancelled' | 'refunded';
/** A status, that it is paid, a note: one at least. */
export type OrderChange =
  | { status: NextOrderStatus; paid?: true; note?: string }
  | { status?: NextOrderStatus; paid: true; note?: string }
  | { status?: NextOrderStatus; paid?: true; note: string };
/** Whom to find, and why. */
export type CustomerSearch = { email: string; reason: string } | { orderId: string; reason: string };
export type CustomerRecord = Schemas['CustomerRecord'];

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
