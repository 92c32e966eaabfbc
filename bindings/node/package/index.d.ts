// SPDX-License-Identifier: MIT
/** Security contexts whose calls are promises. */

export interface Limits {
  /** Milliseconds, then the call ends with a SspiTimeoutError. Infinity: none. */
  timeout?: number;
  /** Ends the call, whose promise rejects with the reason. */
  signal?: AbortSignal;
}

/** Where a credential comes from; what is left out is left to the system's configuration. */
export interface Identity {
  user?: string;
  domain?: string;
  password?: string;
  /** What Negotiate may choose from: "Kerberos", or "!ntlm" for all but that. */
  packages?: string;
  ccache?: string;
  keytab?: string;
  clientKeytab?: string;
  replayCache?: string;
  /** The cache whose ticket protects a logon by password (Kerberos, FAST). */
  armorCache?: string;
  /** A file with lines DOMAIN:user:password (NTLM server). */
  ntlmUserFile?: string;
  /** What knows the accounts (NTLM server). Names are as the client wrote them, the domain may be "". */
  ntlmVerifier?: NtlmVerifier;
  /** The absolute path of Samba's ntlm_auth (NTLM server of a domain). */
  ntlmHelper?: string;
  /** The user for whom a service acts (Kerberos, S4U). */
  impersonate?: string;
  constrainedDelegation?: boolean;
}

/** A password, an NT hash of 16 bytes, or null for no such account; what it throws refuses the logon. */
export type NtlmVerifier = (user: string, domain: string) => NtlmAccount | Promise<NtlmAccount>;
export type NtlmAccount = string | Uint8Array | null;

/** The same for TLS. */
export interface TlsIdentity {
  /** A PEM or PKCS#12 file: the certificate and its chain. */
  certificate?: string;
  key?: string;
  keyPassword?: string;
  /** A PEM file of the roots to trust; the system's if it is left out. */
  roots?: string;
  /** false: any certificate of the peer is accepted, without a check. */
  verify?: boolean;
}

export interface ContextOptions extends Limits {
  /** "Negotiate" (if there is no credential), "Kerberos", "NTLM" or "Schannel". */
  package?: string;
  credential?: Credential;
  /** Without a credential: the first leg acquires one of this. */
  identity?: Identity | TlsIdentity;
  principal?: string;
  /** ISC_REQ_* or ASC_REQ_*: flags(ClientFlags.DELEGATE, ...). */
  flags?: number;
  /** "tls-server-end-point:..." and its data. */
  channelBindings?: Uint8Array | string;
  /** ALPN (TLS). */
  applicationProtocols?: string[];
}

/** A call failed. */
export class SspiError extends Error {
  readonly status: number;
  /** The name of the status: "SEC_E_LOGON_DENIED". */
  readonly code: string;
  /** What the peer is to be told, if the package has something for it. */
  readonly token: Buffer | null;
  readonly missing: number;
}

/** A call was pending at its deadline: name is "TimeoutError". */
export class SspiTimeoutError extends SspiError {}

/** What one logs on with; for any number of contexts at the same time. */
export class Credential implements AsyncDisposable, Disposable {
  private constructor();
  static acquire(packageName: string, use?: number,
    options?: Limits & { principal?: string; identity?: Identity | TlsIdentity }): Promise<Credential>;
  readonly package: string;
  readonly expiry: Date | null;
  /** Its number in the library; 0 when it was freed. */
  readonly handle: number;
  readonly name: string;
  free(options?: Limits): Promise<void>;
  freeNowait(): void;
  [Symbol.asyncDispose](): Promise<void>;
  [Symbol.dispose](): void;
}

/** A handshake, and then what it protects. */
export class SecurityContext implements AsyncDisposable, Disposable {
  private constructor();
  readonly complete: boolean;
  readonly handle: number;
  /** ISC_RET_* or ASC_RET_*, so far. */
  readonly attributes: number;
  readonly expiry: Date | null;
  /** Bytes behind the last token that belong to what follows. */
  readonly extra: Buffer;
  readonly isStream: boolean;
  readonly userName: string;
  readonly target: string;
  readonly packageName: string;
  readonly sessionKey: Buffer;
  readonly applicationProtocol: string;
  readonly remoteCertificate: Buffer;
  /** One leg: the peer's token, and what to send. */
  step(token?: Uint8Array | null, options?: Limits): Promise<Buffer>;
  encrypt(data: Uint8Array, options?: { signOnly?: boolean }): Buffer;
  decrypt(data: Uint8Array, options?: { acceptSigned?: boolean }): Buffer;
  /** Opens it also if it was signed only. */
  unwrap(data: Uint8Array): { data: Buffer; encrypted: boolean };
  sign(data: Uint8Array): Buffer;
  verify(data: Uint8Array, signature: Uint8Array): void;
  messageLimit(size: number): number;
  channelBindings(kind?: 'unique' | 'endpoint' | 'exporter'): Buffer;
  delegatedCredential(): Credential;
  export(): Buffer;
  static import(packageName: string, packed: Uint8Array): SecurityContext;
  delete(options?: Limits): Promise<void>;
  deleteNowait(): void;
  static deleteMany(contexts: Iterable<SecurityContext>, options?: Limits): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
  [Symbol.dispose](): void;
}

export function client(target: string, options?: ContextOptions): SecurityContext;
export function server(options?: ContextOptions): SecurityContext;
export function packages(): string[];
export function addPackage(name: string): void;
export function turnOff(name: string): void;
export function setDefaultTimeout(milliseconds: number): void;
export function flags(...several: number[]): number;
export const ClientFlags: Readonly<Record<string, number>>;
export const ServerFlags: Readonly<Record<string, number>>;
export const CredentialUse: Readonly<{ INBOUND: 1; OUTBOUND: 2; BOTH: 3 }>;
export const version: string;
