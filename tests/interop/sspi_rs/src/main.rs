// SPDX-License-Identifier: MIT
//! One side of NTLM, or of Negotiate with NTLM inside, by the crate `sspi` (sspi-rs): takes the
//! arguments and lines of ../ntlm_peer.c. It numbers what it seals and what it signs apart, so
//! that there is no `sign` and no `verify`.

use std::io::{self, BufRead, Write};

use sspi::ntlm::NtlmConfig;
use sspi::{
    AuthIdentity, BufferType, ClientRequestFlags, CredentialUse, Credentials, CredentialsBuffers,
    DataRepresentation, EncryptionFlags, Error, ErrorKind, Negotiate, NegotiateConfig, Ntlm,
    SecurityBuffer, SecurityBufferRef, SecurityStatus, ServerRequestFlags, Sspi, SspiImpl,
    Username,
};

const SIGNATURE: usize = 16;
const CONTINUE: u32 = 0x0009_0312;

type Outcome = Result<(u32, Vec<u8>), Error>;

/// What one leg needs to know besides the token.
struct Wish {
    accepts: bool,
    target: String,
    flags: ClientRequestFlags,
    bindings: Vec<u8>,
}

fn tokens(token: &[u8], bindings: &[u8]) -> Vec<SecurityBuffer> {
    let mut buffers = vec![SecurityBuffer::new(token.to_vec(), BufferType::Token)];
    if !bindings.is_empty() {
        buffers.push(SecurityBuffer::new(
            bindings.to_vec(),
            BufferType::ChannelBindings,
        ));
    }
    buffers
}

/// A leg of either package; a failure has a status of Windows.
fn leg<P: Sspi + SspiImpl>(
    package: &mut P,
    credential: &mut P::CredentialsHandle,
    wish: &Wish,
    token: &[u8],
) -> Outcome {
    let mut input = tokens(token, &wish.bindings);
    let mut output = tokens(&[], &[]);
    let status = if wish.accepts {
        let builder = package
            .accept_security_context()
            .with_credentials_handle(credential)
            .with_context_requirements(ServerRequestFlags::ALLOCATE_MEMORY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_input(&mut input)
            .with_output(&mut output);
        package
            .accept_security_context_impl(builder)?
            .resolve_to_result()?
            .status
    } else {
        let mut builder = package
            .initialize_security_context()
            .with_credentials_handle(credential)
            .with_context_requirements(wish.flags | ClientRequestFlags::ALLOCATE_MEMORY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name(&wish.target)
            .with_input(&mut input)
            .with_output(&mut output);
        let made = package
            .initialize_security_context_impl(&mut builder)?
            .resolve_to_result()?;
        made.status
    };
    let goes_on = matches!(
        status,
        SecurityStatus::ContinueNeeded | SecurityStatus::CompleteAndContinue
    );
    if matches!(
        status,
        SecurityStatus::CompleteNeeded | SecurityStatus::CompleteAndContinue
    ) {
        package.complete_auth_token(&mut output)?;
    }
    Ok((
        if goes_on { CONTINUE } else { 0 },
        output.swap_remove(0).buffer,
    ))
}

enum Side {
    Ntlm(Box<Ntlm>, Option<sspi::AuthIdentityBuffers>),
    Negotiate(Box<Negotiate>, Option<CredentialsBuffers>),
}

/// The two packages have no common type, but the same methods.
macro_rules! ask {
    ($side:expr, $method:ident($($argument:expr),*)) => {
        match $side {
            Side::Ntlm(package, _) => package.$method($($argument),*),
            Side::Negotiate(package, _) => package.$method($($argument),*),
        }
    };
}

impl Side {
    fn new(package: &str, accepts: bool, identity: AuthIdentity) -> Result<Self, Error> {
        let direction = if accepts {
            CredentialUse::Inbound
        } else {
            CredentialUse::Outbound
        };
        if package == "NTLM" {
            let mut ntlm = Box::new(Ntlm::new());
            let credential = ntlm
                .acquire_credentials_handle()
                .with_credential_use(direction)
                .with_auth_data(&identity)
                .execute(&mut *ntlm)?
                .credentials_handle;
            return Ok(Side::Ntlm(ntlm, credential));
        }
        let config = NegotiateConfig::new(
            Box::new(NtlmConfig::new("PEER".to_owned())),
            Some("ntlm,!kerberos,!pku2u".to_owned()),
            "PEER".to_owned(),
        );
        let credentials = Credentials::from(identity.clone());
        let mut negotiate = Box::new(if accepts {
            Negotiate::new_server(config, vec![identity])?
        } else {
            Negotiate::new_client(config)?
        });
        let credential = negotiate
            .acquire_credentials_handle()
            .with_credential_use(direction)
            .with_auth_data(&credentials)
            .execute(&mut *negotiate)?
            .credentials_handle;
        Ok(Side::Negotiate(negotiate, credential))
    }

    fn leg(&mut self, wish: &Wish, token: &[u8]) -> Outcome {
        match self {
            Side::Ntlm(package, credential) => leg(&mut **package, credential, wish, token),
            Side::Negotiate(package, credential) => leg(&mut **package, credential, wish, token),
        }
    }

    fn seal(&mut self, text: &[u8]) -> Outcome {
        let mut message = vec![0; SIGNATURE];
        message.extend_from_slice(text);
        let (token, data) = message.split_at_mut(SIGNATURE);
        let mut buffers = [
            SecurityBufferRef::token_buf(token),
            SecurityBufferRef::data_buf(data),
        ];
        ask!(
            self,
            encrypt_message(EncryptionFlags::empty(), &mut buffers)
        )?;
        Ok((0, message))
    }

    fn open(&mut self, message: &mut [u8]) -> Outcome {
        if message.len() < SIGNATURE {
            return Err(Error::new(
                ErrorKind::InvalidToken,
                "the message is too short",
            ));
        }
        let (token, data) = message.split_at_mut(SIGNATURE);
        let mut buffers = [
            SecurityBufferRef::token_buf(token),
            SecurityBufferRef::data_buf(data),
        ];
        ask!(self, decrypt_message(&mut buffers))?;
        Ok((0, buffers[1].data().to_vec()))
    }

    fn key(&mut self) -> Outcome {
        let keys = ask!(self, query_context_session_key())?;
        Ok((0, keys.session_key.as_ref().clone()))
    }

    fn name(&mut self) -> Outcome {
        let name = ask!(self, query_context_names())?.username;
        Ok((0, name.inner().to_owned().into_bytes()))
    }
}

fn from_hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2)
        .map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).expect("hexadecimal digits"))
        .collect()
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// SEC_CHANNEL_BINDINGS with the application's data alone.
fn bindings_of(data: &str) -> Vec<u8> {
    if data.is_empty() {
        return Vec::new();
    }
    let mut made = vec![0; 24];
    made.extend_from_slice(&(data.len() as u32).to_le_bytes());
    made.extend_from_slice(&32u32.to_le_bytes());
    made.extend_from_slice(data.as_bytes());
    made
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}").expect("stdout");
    out.flush().expect("stdout");
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [side, user, domain, password, target, flags, bindings] = &arguments[..] else {
        eprintln!("ntlm_sspi_rs initiate|accept USER DOMAIN PASSWORD TARGET FLAGS BINDINGS");
        std::process::exit(2);
    };
    let wish = Wish {
        accepts: side == "accept",
        target: target.clone(),
        flags: ClientRequestFlags::from_bits_truncate(
            u32::from_str_radix(flags, 16).expect("flags"),
        ),
        bindings: bindings_of(bindings),
    };
    let identity = AuthIdentity {
        username: Username::new(user, Some(domain)).expect("a name"),
        password: password.clone().into(),
    };
    let package = std::env::var("NTLM_PEER_PACKAGE").unwrap_or_else(|_| "NTLM".to_owned());
    let mut peer = Side::new(&package, wish.accepts, identity).expect("a credential");
    let mut why = String::new();

    say("ready 00000000 ");
    for line in io::stdin().lock().lines() {
        let line = line.expect("a line");
        let mut words = line.split_whitespace();
        let word = words.next().unwrap_or_default();
        let mut given = from_hex(words.next().unwrap_or_default());
        let outcome = match word {
            "token" => peer.leg(&wish, &given),
            "seal" => peer.seal(&given),
            "open" => peer.open(&mut given),
            "key" => peer.key(),
            "name" => peer.name(),
            "why" => {
                say(&format!("why 00000000 {why}"));
                continue;
            }
            _ => Err(Error::new(
                ErrorKind::UnsupportedFunction,
                "not asked of this peer",
            )),
        };
        match outcome {
            Ok((status, text)) if word == "name" => {
                say(&format!(
                    "name {status:08x} {}",
                    String::from_utf8_lossy(&text)
                ));
            }
            Ok((status, bytes)) => say(&format!("{word} {status:08x} {}", to_hex(&bytes))),
            Err(error) => {
                why = error.description.replace('\n', " ");
                say(&format!("{word} {:08x} ", error.error_type as u32));
            }
        }
    }
}
