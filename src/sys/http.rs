//! The one HTTP client: HTTPS only (plain HTTP on loopback), bounded in size and time, few redirects.

use super::{Fault, Fetched, Request, SysError};
use reqwest::Certificate;
use reqwest::blocking::{Client, Response};
use reqwest::header::{ETAG, IF_NONE_MATCH};
use reqwest::redirect::Policy;
use std::io::Read;

/// More redirects than this are a fault.
const MAX_REDIRECTS: usize = 5;
/// Characters of an entity tag. Those of real servers have less than 100.
const MAX_ETAG: usize = 256;
/// Bytes that are set aside on the word of a server. The largest body in use has 200 MiB.
const MAX_RESERVED: u64 = 256 << 20;

/// Fetches a body. A status other than 200 is [`Fault::Status`].
pub(super) fn get(request: &Request) -> Result<Vec<u8>, SysError> {
    body(request, ask(request, None)?)
}

/// Fetches a body, unless the server says that it is the one that `known` names.
pub(super) fn get_unless(request: &Request, known: Option<&str>) -> Result<Fetched, SysError> {
    let response = ask(request, known)?;
    if known.is_some() && response.status().as_u16() == 304 {
        return Ok(Fetched::Unchanged);
    }
    let tag = response.headers().get(ETAG).and_then(|value| value.to_str().ok());
    // Another form decides nothing: the data is fetched again next time.
    let etag = tag.filter(|tag| tag.len() <= MAX_ETAG && tag.bytes().all(|b| b.is_ascii_graphic())).map(str::to_owned);
    Ok(Fetched::Body { bytes: body(request, response)?, etag })
}

fn ask(request: &Request, known: Option<&str>) -> Result<Response, SysError> {
    let error = |fault| SysError { op: "fetch", what: request.url.clone(), fault };
    let other = |e: &dyn std::fmt::Display| error(Fault::Other(e.to_string()));
    let url: reqwest::Url = request.url.parse().map_err(|e| other(&format!("not a URL: {e}")))?;
    if !allowed(&url) {
        return Err(other(&"only https is fetched (plain http on loopback alone)"));
    }
    let client = client(request).map_err(|e| other(&e))?;
    let timed_out = |e: reqwest::Error| match e.is_timeout() {
        true => error(Fault::TimedOut { after: request.time_limit }),
        false => other(&chain(&e)),
    };
    let mut builder = client.get(url);
    if let Some(known) = known {
        builder = builder.header(IF_NONE_MATCH, known);
    }
    builder.send().map_err(timed_out)
}

fn body(request: &Request, response: Response) -> Result<Vec<u8>, SysError> {
    let error = |fault| SysError { op: "fetch", what: request.url.clone(), fault };
    if response.status().as_u16() != 200 {
        return Err(error(Fault::Status(response.status().as_u16())));
    }
    let mut body = Vec::new();
    // What the server announces saves copies of a large body while it grows; it is no reason to fail.
    let announced = response.content_length().unwrap_or(0).min(request.limit.0).min(MAX_RESERVED);
    let _ = body.try_reserve_exact(usize::try_from(announced).unwrap_or(0));
    let read = response.take(request.limit.0.saturating_add(1)).read_to_end(&mut body);
    read.map_err(|e| error(Fault::Other(chain(&e))))?;
    if body.len() as u64 > request.limit.0 {
        return Err(error(Fault::TooLarge { limit: request.limit }));
    }
    Ok(body)
}

fn allowed(url: &reqwest::Url) -> bool {
    let loopback = match url.host() {
        Some(host) => matches!(host.to_string().as_str(), "127.0.0.1" | "localhost" | "[::1]"),
        None => false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && loopback)
}

/// The error and what caused it, on one line: the outer text alone rarely says why.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(inner) = source {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        source = inner.source();
    }
    text
}

fn client(request: &Request) -> Result<Client, String> {
    let policy = Policy::custom(|attempt| {
        if attempt.previous().len() > MAX_REDIRECTS {
            attempt.error("too many redirects")
        } else if allowed(attempt.url()) {
            attempt.follow()
        } else {
            attempt.error("redirected to something that is not https")
        }
    });
    let base = || {
        Client::builder()
            .user_agent(concat!("portcullis/", env!("CARGO_PKG_VERSION")))
            .timeout(request.time_limit)
            .redirect(policy)
    };
    if let Some(path) = &request.ca_file {
        #[expect(
            clippy::disallowed_methods,
            reason = "inside `sys`; the file is named by the user, not by the judged tree"
        )]
        let pem = std::fs::read(path).map_err(|e| format!("cannot read {}: {e}", path.display()))?;
        let roots = Certificate::from_pem_bundle(&pem).map_err(|e| format!("{}: {e}", path.display()))?;
        if roots.is_empty() {
            return Err(format!("{} holds no certificate", path.display()));
        }
        return base().tls_certs_only(roots).build().map_err(|e| chain(&e));
    }
    // The system's store first; an image without one gets the bundled Mozilla roots instead of a failure.
    let policy_free = Client::builder().build();
    match policy_free {
        Ok(_) => base().build().map_err(|e| chain(&e)),
        Err(_) => {
            let roots =
                webpki_root_certs::TLS_SERVER_ROOT_CERTS.iter().filter_map(|der| Certificate::from_der(der).ok());
            base().tls_certs_only(roots).build().map_err(|e| chain(&e))
        }
    }
}
