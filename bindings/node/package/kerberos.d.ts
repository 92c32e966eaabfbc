// SPDX-License-Identifier: MIT
/** The interface of the npm package `kerberos`. Tokens are base64 text. */

type Callback<T> = (error: Error | null, value?: T) => void;

declare class Side {
  readonly contextComplete: boolean;
  readonly response: string | null;
  readonly username: string | null;
  /** Whether the message that unwrap decoded was encrypted: 1 or 0. */
  readonly responseConf: number;
  step(challenge: string): Promise<string>;
  step(challenge: string, callback: Callback<string>): void;
  wrap(challenge: string, options?: { protect?: boolean; user?: string }): Promise<string>;
  wrap(challenge: string, options: { protect?: boolean; user?: string }, callback: Callback<string>): void;
  unwrap(challenge: string): Promise<string>;
  unwrap(challenge: string, callback: Callback<string>): void;
}
export class KerberosClient extends Side {}
export class KerberosServer extends Side {
  /** The target that the client requested, if initializeServer was given no service. */
  readonly targetName: string | null;
}

export interface ClientOptions {
  principal?: string;
  user?: string;
  domain?: string;
  password?: string;
  /** The same as password. */
  pass?: string;
  flags?: number;
  gssFlags?: number;
  gssFlag?: number;
  mechOID?: number;
}
export function initializeClient(service: string, options?: ClientOptions): Promise<KerberosClient>;
export function initializeClient(service: string, options: ClientOptions, callback: Callback<KerberosClient>): void;
export function initializeServer(service: string): Promise<KerberosServer>;
export function initializeServer(service: string, callback: Callback<KerberosServer>): void;
export function checkPassword(username: string, password: string, service: string, defaultRealm?: string): Promise<void>;
export function checkPassword(username: string, password: string, service: string, defaultRealm: string, callback: Callback<void>): void;
export function principalDetails(service: string, hostname: string): Promise<string>;
export function principalDetails(service: string, hostname: string, callback: Callback<string>): void;

/** The version of the interface. */
export const version: string;
export const GSS_C_DELEG_FLAG: 1;
export const GSS_C_MUTUAL_FLAG: 2;
export const GSS_C_REPLAY_FLAG: 4;
export const GSS_C_SEQUENCE_FLAG: 8;
export const GSS_C_CONF_FLAG: 16;
export const GSS_C_INTEG_FLAG: 32;
export const GSS_C_ANON_FLAG: 64;
export const GSS_C_PROT_READY_FLAG: 128;
export const GSS_C_TRANS_FLAG: 256;
export const GSS_C_NO_OID: 0;
export const GSS_MECH_OID_KRB5: number;
export const GSS_MECH_OID_SPNEGO: number;
