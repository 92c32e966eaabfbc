// SPDX-License-Identifier: MIT
/** Security contexts whose calls are promises. */

export interface Limits {
  /** In milliseconds; after this, the call fails with an SspiTimeoutError. Infinity: no timeout. */
  timeout?: number;
  /** Stops the call; its promise rejects with the signal's reason. */
  signal?: AbortSignal;
}

/** Where a credential comes from. The system's configuration applies to whatever is left out. */
export interface Identity {
  user?: string;
  domain?: string;
  password?: string;
  /** The packages that Negotiate may use: "Kerberos", or "!ntlm" for all except NTLM. */
  packages?: string;
  ccache?: string;
  keytab?: string;
  clientKeytab?: string;
  replayCache?: string;
  /** The cache whose ticket protects a logon by password (Kerberos, FAST). */
  armorCache?: string;
  /** A file with lines DOMAIN:user:password (NTLM server). */
  ntlmUserFile?: string;
  /** Looks up accounts (NTLM server). Names are as the client wrote them; the domain may be "". */
  ntlmVerifier?: NtlmVerifier;
  /** The absolute path of Samba's ntlm_auth (NTLM server of a domain). */
  ntlmHelper?: string;
  /** The user for whom a service acts (Kerberos, S4U). */
  impersonate?: string;
  constrainedDelegation?: boolean;
}

/** Returns a password, an NT hash of 16 bytes, or null for no such account. If it throws, the logon is refused. */
export type NtlmVerifier = (user: string, domain: string) => NtlmAccount | Promise<NtlmAccount>;
export type NtlmAccount = string | Uint8Array | null;

/** Where a credential for TLS comes from. */
export interface TlsIdentity {
  /** A PEM or PKCS#12 file: the certificate and its chain. */
  certificate?: string;
  key?: string;
  keyPassword?: string;
  /** A PEM file with the trusted roots; by default, the system's roots. */
  roots?: string;
  /** false: any certificate of the peer is accepted without verification. */
  verify?: boolean;
}

export interface ContextOptions extends Limits {
  /** "Negotiate" (if there is no credential), "Kerberos", "NTLM" or "Schannel". */
  package?: string;
  credential?: Credential;
  /** Without a credential, the first leg acquires one from this identity. */
  identity?: Identity | TlsIdentity;
  principal?: string;
  /** ISC_REQ_* or ASC_REQ_*: flags(ClientFlags.DELEGATE, ...). */
  flags?: number;
  /** "tls-server-end-point:..." with its data. */
  channelBindings?: Uint8Array | string;
  /** ALPN (TLS). */
  applicationProtocols?: string[];
}

/** A call failed. */
export class SspiError extends Error {
  readonly status: number;
  /** The name of the status: "SEC_E_LOGON_DENIED". */
  readonly code: string;
  /** A token for the peer, if the package has one. */
  readonly token: Buffer | null;
  readonly missing: number;
}

/** A call was pending at its deadline: name is "TimeoutError". */
export class SspiTimeoutError extends SspiError {}

/** A credential to log on with; any number of contexts can use it at the same time. */
export class Credential implements AsyncDisposable, Disposable {
  private constructor();
  static acquire(packageName: string, use?: number,
    options?: Limits & { principal?: string; identity?: Identity | TlsIdentity }): Promise<Credential>;
  readonly package: string;
  readonly expiry: Date | null;
  /** Its number in the library; 0 after it was freed. */
  readonly handle: number;
  readonly name: string;
  free(options?: Limits): Promise<void>;
  freeNowait(): void;
  [Symbol.asyncDispose](): Promise<void>;
  [Symbol.dispose](): void;
}

/** A handshake, and then the protection of messages. */
export class SecurityContext implements AsyncDisposable, Disposable {
  private constructor();
  readonly complete: boolean;
  readonly handle: number;
  /** The attributes agreed on so far: ISC_RET_* or ASC_RET_*. */
  readonly attributes: number;
  readonly expiry: Date | null;
  /** Bytes after the last token that belong to the data that follows the handshake. */
  readonly extra: Buffer;
  readonly isStream: boolean;
  readonly userName: string;
  readonly target: string;
  readonly packageName: string;
  readonly sessionKey: Buffer;
  readonly applicationProtocol: string;
  readonly remoteCertificate: Buffer;
  /** One leg: takes the peer's token, and returns the token to send. */
  step(token?: Uint8Array | null, options?: Limits): Promise<Buffer>;
  encrypt(data: Uint8Array, options?: { signOnly?: boolean }): Buffer;
  decrypt(data: Uint8Array, options?: { acceptSigned?: boolean }): Buffer;
  /** Like decrypt, but also accepts a message that is only signed. */
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
